import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from mmkp_core.tables.vision import ENTITIES
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.journal import Journal
from mmkp_core.teacher.reply import Flaw, Reply
from mmkp_core.teacher.scripted import Script, ScriptedServer, serving
from mmkp_core.teacher.scripted_answers import Fact, Facts
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits
from mmkp_core.vision.entities import Entity, EntitySpec, entity_table, read_entities


def said(text: str) -> Reply:
    return Reply(request="r", text=text, prompt_tokens=1, completion_tokens=1)


def listed(*entities: tuple[Any, Any]) -> Reply:
    return said(json.dumps({"entities": [{"name": name, "score": score} for name, score in entities]}))


def test_entities_come_surest_first_and_once() -> None:
    reply = listed(("Dog", 0.4), ("red star", 0.9), ("dog", 0.8), ("", 0.7), ("x" * 101, 0.7), ("sure", 1.5))
    assert read_entities(reply, EntitySpec()) == (Entity("red star", 0.9), Entity("Dog", 0.4))


def test_the_specs_bounds_are_kept() -> None:
    reply = listed(("a", 0.1), ("b", 0.5), ("c", 0.9))
    assert read_entities(reply, EntitySpec(most=1)) == (Entity("c", 0.9),)
    assert read_entities(reply, EntitySpec(least_score=0.5)) == (Entity("c", 0.9), Entity("b", 0.5))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (said("a dog"), "not_json"), (said(""), "empty"), (said('{"entities": "dog"}'), "wrong_schema"),
        (said('{"entities": ["dog"]}'), "wrong_schema"), (listed(("dog", "high")), "wrong_schema"),
        (listed((7, 0.5)), "wrong_schema"), (listed(("dog", True)), "wrong_schema"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_entities_is_said_so(reply: Reply, reason: str) -> None:
    flaw = read_entities(reply, EntitySpec())
    assert isinstance(flaw, Flaw)
    assert (flaw.reason, flaw.repairable) == (reason, True)


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(out, "PNG")
    return out.getvalue()


STAR, PLAIN, ODD = (png(colour) for colour in ("red", "white", "blue"))
KEYS = {hashlib.sha256(data).hexdigest(): data for data in (STAR, PLAIN, ODD)}
STAR_KEY, PLAIN_KEY, ODD_KEY = KEYS


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    facts = Facts([Fact("x", shown="a red star on a plain ground", image=STAR_KEY)])
    with serving(Script(facts=facts, by_number={2: "refusal"})) as server:
        yield server


def entities(server: ScriptedServer, path: Path) -> pa.Table:
    with Journal(path) as journal:
        session = Session(Endpoint(server.url), TeacherLimits(concurrency=1), journal)
        return entity_table([STAR_KEY, PLAIN_KEY, ODD_KEY, "f" * 64], KEYS.get, EntitySpec(model="scripted"), session)


def test_every_image_has_rows_that_say_what_came_of_it(server: ScriptedServer, tmp_path: Path) -> None:
    table = entities(server, tmp_path / "j")
    assert table.schema == ENTITIES.schema
    rows = {row["image_key"]: (row["name"], row["score"], row["status"], row["reason"]) for row in table.to_pylist()}
    assert rows == {
        STAR_KEY: ("red star on a plain ground", 0.9, "named", None),
        PLAIN_KEY: ("", None, "none", None),
        ODD_KEY: ("", None, "rejected", "refusal"),
        "f" * 64: ("", None, "failed", "image_missing"),
    }


def test_an_image_is_paid_for_once(server: ScriptedServer, tmp_path: Path) -> None:
    first = entities(server, tmp_path / "j")
    assert entities(server, tmp_path / "j") == first
    assert server.stats.requests == 3
