"""Names what a picture shows, by a vision model behind the same client, journal and limits as the teacher.

Without a model nothing here names objects; sets that bring their own entities need no model either.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Le

from mmkp_core.identity import fingerprint
from mmkp_core.prompts.answer import clean_phrase
from mmkp_core.prompts.entities import (
    ENTITY_PROMPT_VERSION,
    ENTITY_SCHEMA,
    LONGEST_NAME,
    entity_repair_turns,
    entity_turns,
)
from mmkp_core.prompts.turns import Language, Turn
from mmkp_core.spec import spec
from mmkp_core.teacher.spec import ChatSettings, JsonMode, LengthField

if TYPE_CHECKING:
    import pyarrow as pa

    from mmkp_core.teacher.questions import Outcome, Question
    from mmkp_core.teacher.reply import Flaw, Reply
    from mmkp_core.teacher.session import Session

READING_VERSION = 1  # raise it when the same reply may give other entities


@spec
class EntitySpec:
    """Visual entities that a vision model names."""

    model: str = ""
    """Name of the model as the endpoint knows it; empty: none is used. `scripted` is the local server that answers
    for generated posts."""
    language: Language = "en"
    """Of the names."""
    most: Annotated[int, Ge(1), Le(50)] = 8
    """Entities of one picture, at most."""
    least_score: Annotated[float, Ge(0), Le(1)] = 0.0
    """Entities that the model is less sure of are left out."""
    json_mode: JsonMode = "json_schema"
    """How structured output is requested; every reply is checked in any case."""
    image_pixels: Annotated[int, Ge(1024), Le(16_000_000)] = 589_824
    """Largest area of the picture that is sent, in pixels; 768 x 768 by default."""
    max_tokens: Annotated[int, Ge(16), Le(100_000)] = 512
    """Longest reply, in tokens."""
    length_field: LengthField = "max_tokens"
    """Name under which the endpoint takes the longest reply; newer OpenAI models want `max_completion_tokens`."""
    temperature: Annotated[float, Ge(-1), Le(2)] = 0.0
    """Of sampling; -1 sends none, for models that refuse the field."""
    seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0
    """Of sampling, where the endpoint has one; 0 sends none."""

    @property
    def chat(self) -> ChatSettings:
        return ChatSettings(
            model=self.model,
            json_mode=self.json_mode,
            image_pixels=self.image_pixels,
            max_tokens=self.max_tokens,
            length_field=self.length_field,
            temperature=self.temperature,
            seed=self.seed,
        )

    @property
    def journal_key(self) -> str:
        """Fingerprint of the questions, whatever is then kept: a journal under it serves another least score without
        another request."""
        return fingerprint("entity questions", self.chat, self.most, self.language, ENTITY_PROMPT_VERSION)

    @property
    def engine(self) -> str:
        """Fingerprint of everything that a row depends on besides its image."""
        return fingerprint("entities", self, ENTITY_PROMPT_VERSION, READING_VERSION)


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    score: float


def entity_table(
    images: Iterable[str],
    read_image: Callable[[str], bytes | None],
    spec: EntitySpec,
    session: "Session",
    report: Callable[[int], None] = lambda done: None,
) -> "pa.Table":
    """The entities of images given by their keys, by key and rank; `report` gets the number of images done."""
    import pyarrow as pa

    from mmkp_core.tables.vision import ENTITIES
    from mmkp_core.teacher.client import ask

    rows: list[dict[str, Any]] = []
    for done, outcome in enumerate(ask(session, _questions(images, read_image, spec)), start=1):
        rows.extend(_rows(outcome, spec))
        report(done)
    rows.sort(key=lambda row: (row["image_key"], row["rank"]))
    return pa.Table.from_pylist(rows, schema=ENTITIES.schema)


def read_entities(reply: "Reply", spec: EntitySpec) -> "tuple[Entity, ...] | Flaw":
    """The entities in a reply, surest first, each name once."""
    from mmkp_core.teacher.reply import Flaw, json_of

    document = json_of(reply)
    if isinstance(document, Flaw):
        return document
    listed = document.get("entities")
    if not isinstance(listed, list):
        return Flaw("wrong_schema", f"members {sorted(map(str, document))[:6]}", repairable=True)
    found: dict[str, Entity] = {}
    for item in listed:
        name = item.get("name") if isinstance(item, dict) else None
        score = item.get("score") if isinstance(item, dict) else None
        if not isinstance(name, str) or isinstance(score, bool) or not isinstance(score, int | float):
            return Flaw("wrong_schema", f"an entity is {item!r}"[:200], repairable=True)
        clean = clean_phrase(name)
        if 0 < len(clean) <= LONGEST_NAME and spec.least_score <= score <= 1:
            found.setdefault(clean.casefold(), Entity(clean, float(score)))
    return tuple(sorted(found.values(), key=lambda entity: -entity.score)[: spec.most])


def _questions(
    images: Iterable[str], read_image: Callable[[str], bytes | None], spec: EntitySpec
) -> "Iterator[Question[str, tuple[Entity, ...]]]":
    from mmkp_core.teacher.questions import Question
    from mmkp_core.teacher.request import ChatRequest

    for key in images:
        turns = entity_turns(key, spec.most, spec.language)
        request = ChatRequest(
            settings=spec.chat, turns=turns, image_key=key, schema=ENTITY_SCHEMA, schema_name="entities"
        )
        yield Question(
            subject=key,
            request=request,
            image=partial(read_image, key),
            read=partial(read_entities, spec=spec),
            repair=partial(_repair, turns, spec),
        )


def _repair(turns: tuple[Turn, ...], spec: EntitySpec, reply: "Reply", flaw: "Flaw") -> tuple[Turn, ...]:
    return entity_repair_turns(turns, reply.text, spec.language)


def _rows(outcome: "Outcome[str, tuple[Entity, ...]]", spec: EntitySpec) -> Iterator[dict[str, Any]]:
    from mmkp_core.teacher.reply import status_of

    row = {
        "image_key": outcome.question.subject,
        "engine": spec.engine,
        "reason": outcome.reason,
        "request_hash": outcome.question.request.hash,
    }
    for rank, entity in enumerate(outcome.value or ()):
        yield {**row, "name": entity.name, "rank": rank, "score": entity.score, "status": "named"}
    if not outcome.value:
        status = status_of(outcome.reason) if outcome.reason else "none"
        yield {**row, "name": "", "rank": 0, "score": None, "status": status}
