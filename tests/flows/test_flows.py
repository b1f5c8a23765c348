"""Flows on a real server: a file to a report, nothing new the second time, appended posts, failures that say why."""

import json
from pathlib import Path
from typing import Any

import pytest

from flows.settings import every_system
from mmkp_core import systems
from mmkp_core.errors import MmkpError, TooManyBadRows, WrongInput
from storage import catalog
from storage.comparison import compare_runs
from storage.store import Store

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("prefect_server")]

SYSTEMS = ["frequent", "tfidf"]


def run(flow: str, **parameters: Any) -> Any:
    from flows.command.running import run_here

    return run_here(flow, parameters)


def write(path: Path, *posts: dict[str, Any]) -> dict[str, str]:
    path.write_text("".join(json.dumps(post) + "\n" for post in posts))
    return {"path": str(path)}


def some_posts(first: int, count: int) -> list[dict[str, Any]]:
    words = ["chess", "tulips", "football", "bread", "opera"]
    return [
        {
            "post_id": str(n),
            "text": f"number {n * 7919} speaks of {words[n % 5]} and {chr(97 + n % 23) * 4}",
            "keyphrases": [words[n % 5]],
        }
        for n in range(first, first + count)
    ]


def ask(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with catalog.connect(Store(home)) as connection:
        return connection.sql(sql).fetchall()


def test_a_file_becomes_a_report_and_the_second_run_makes_nothing(home: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "posts.jsonl", *some_posts(0, 60))
    given = {"source": source, "name": "mine", "systems": SYSTEMS, "settings": {"evaluation": {"resamples": 50}}}
    page = Path(run("pipeline", **given))
    assert page.read_text().count("TF-IDF nearest neighbours") > 1
    scores = ask(
        home, "select value from scores where system='tfidf' and protocol='cmkp' and slice='all' and metric='f1@1'"
    )
    assert scores == [(1.0,)]  # each text names its phrase, and ten others of the same phrase are in training
    [first] = [
        row
        for row in compare_runs(Store(home), ["mine-tfidf"], ["mine-frequent"], "cmkp")["rows"]
        if (row["slice"], row["metric"]) == ("all", "f1@1")
    ]
    assert first["ours"] == 1.0 and first["difference"] == 1.0 - first["theirs"] and first["low"] > 0
    before = {path: path.stat().st_mtime_ns for path in home.glob("artifacts/**/record.json")}
    assert Path(run("pipeline", **given)) == page
    assert {path: path.stat().st_mtime_ns for path in home.glob("artifacts/**/record.json")} == before


def test_one_query_leads_from_a_wrong_prediction_to_the_raw_line(home: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "posts.jsonl", *some_posts(0, 60))
    run("pipeline", source=source, name="mine", systems=["frequent"], settings={"evaluation": {"resamples": 0}})
    found = ask(
        home,
        "select p.source, p.line, p.text, h.phrase, r.system, a.flow_run from hits h "
        "join posts p using (dataset, post_id) join runs r using (run_artifact) "
        "join artifacts a on a.artifact = h.artifact "
        "where not h.correct and h.rank = 1 limit 1",
    )
    [(file, line, text, phrase, system, flow_run)] = found
    assert (file, system) == ("posts.jsonl", "frequent")
    assert json.loads((tmp_path / "posts.jsonl").read_text().splitlines()[line - 1])["text"] == text
    assert phrase not in text
    assert len(flow_run) == 36


def test_appended_posts_make_a_new_version_that_shares_the_old_part(home: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "a.jsonl", *some_posts(0, 10))
    more = write(tmp_path / "b.jsonl", *some_posts(5, 10))  # five of them are there already
    run("ingest", source=first, name="mine")
    run("ingest", source=more, name="mine", append=True)
    assert ask(home, "select count(*), count(distinct post_id) from posts") == [(15, 15)]
    assert ask(home, "select number, current from names where kind='dataset' order by 1") == [(1, False), (2, True)]
    run("ingest", source=more, name="mine", append=True)
    assert ask(home, "select count(*) from posts") == [(15,)]


def test_too_many_bad_rows_fail_the_run_and_can_be_looked_at(home: Path, tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text('{"post_id": "1", "text": "fine"}\n{"post_id": "2", "text"\n')
    with pytest.raises(TooManyBadRows, match="1 of 2 rows"):
        run("ingest", source={"path": str(tmp_path / "posts.jsonl")}, name="mine")
    [(line, reason, raw)] = ask(home, "select line, reason, raw from quarantine")
    assert (line, reason) == (2, "bad_json")
    assert raw.startswith('{"post_id": "2"')
    assert ask(home, "select * from posts") == []


@pytest.mark.fault(33)
def test_a_setting_that_is_wrong_is_named(home: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "posts.jsonl", *some_posts(0, 10))
    with pytest.raises(WrongInput, match=r"settings\.split\.test_share = 2"):
        run("pipeline", source=source, name="mine", settings={"split": {"test_share": 2}})
    with pytest.raises(WrongInput, match="did you mean 'test_share'"):
        run("pipeline", source=source, name="mine", settings={"split": {"test_shar": 0.2}})
    with pytest.raises(WrongInput, match="nearest"):  # of a system that is not asked for
        run("pipeline", source=source, name="mine", systems=["frequent"],
            settings={"systems": {"tfidf": {"nearest": "many"}}})  # fmt: skip


def test_a_champion_is_replaced_only_by_what_is_surely_better(home: Path, tmp_path: Path) -> None:
    run("ingest", source=write(tmp_path / "a.jsonl", *some_posts(0, 60)), name="mine")
    given = {"dataset": "mine", "settings": {"split": {"test_share": 0.3}}}
    assert run("retrain", system="frequent", **given).startswith("first: ")
    assert run("retrain", system="frequent", **given) == "no new posts in mine since the champion was trained"
    run("ingest", source=write(tmp_path / "b.jsonl", *some_posts(60, 60)), name="mine", append=True)
    assert run("retrain", system="frequent", **given).startswith("kept: ")
    assert run("retrain", system="tfidf", **given).startswith("promoted: ")
    verdicts = ask(home, "select verdict, posts > 0, len(reasons) > 0 from decisions order by made_at")
    assert verdicts == [("first", None, True), ("kept", True, True), ("promoted", True, True)]
    assert [number for (number,) in ask(home, "select number from names where kind='champion' order by 1")] == [1, 2]


def test_all_systems_are_those_that_generated_posts_can_be_given_what_they_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where fetched weights would be
    every, left_out = every_system()

    assert set(every) | set(left_out) == set(systems.SYSTEMS)
    assert {name for name, reason in left_out.items() if "match scores" in reason} == {
        "mm-mkp-given-match", "mm-mkp-matched-words"
    }  # fmt: skip
    assert {name for name, reason in left_out.items() if "curl" in reason} == {"vgg"}
    assert set(left_out) == {"vgg", "mm-mkp-given-match", "mm-mkp-matched-words"}


def test_entities_go_on_where_a_spent_budget_stopped_them(home: Path) -> None:
    settings = {"later_share": 0, "ocr": {"engine": "rapid"}, "entities": {"model": ""}, "evaluation": {"resamples": 0}}
    run("demo", posts=20, systems=["frequent"], settings=settings)
    assert ask(home, "select count(*) from entities") == [(0,)]
    reading: dict[str, Any] = {"ocr": {"engine": "rapid"}, "entities": {"model": "scripted"}}
    with pytest.raises(MmkpError, match=r"1 of \d+ images .* budget of 1 tokens is spent .*budget_tokens"):
        run("enrich", dataset="demo", settings={**reading, "limits": {"budget_tokens": 1, "concurrency": 1}})
    [(before,)] = ask(home, "select count(distinct image_key) from entities")
    run("enrich", dataset="demo", settings=reading)
    [(after,)] = ask(home, "select count(distinct image_key) from entities")
    [(images,)] = ask(home, "select count(distinct image_key) from images where status = 'ok'")
    assert before < after == images


def names_of(home: Path) -> list[tuple[Any, ...]]:
    return ask(home, "select kind, name, number from names order by all")


def test_predicting_gives_no_name_to_anything(home: Path, tmp_path: Path) -> None:
    given = {"systems": ["tfidf"], "settings": {"evaluation": {"resamples": 0}, "split": {"kind": "random"}}}
    run("pipeline", source=write(tmp_path / "mine.jsonl", *some_posts(0, 60)), name="mine", **given)
    before = names_of(home)
    (tmp_path / "other").mkdir()
    run("predict", run="mine-tfidf", source=write(tmp_path / "other" / "mine.jsonl", *some_posts(70, 5)))
    assert names_of(home) == before


def test_training_on_a_file_takes_no_name_from_another_data_set(home: Path, tmp_path: Path) -> None:
    run("ingest", source=write(tmp_path / "mine.jsonl", *some_posts(0, 60)), name="mine")
    before = ask(home, "select * from names where name = 'mine'")
    (tmp_path / "other").mkdir()
    trained = run("train", system="tfidf", source=write(tmp_path / "other" / "mine.jsonl", *some_posts(60, 60)))
    assert trained.startswith("mine-") and trained.endswith("-tfidf")
    assert ask(home, "select * from names where name = 'mine'") == before


def test_a_named_reading_of_the_images_counts_for_training(home: Path, tmp_path: Path) -> None:
    run("ingest", source=write(tmp_path / "mine.jsonl", *some_posts(0, 60)), name="mine")
    run("enrich", dataset="mine", settings={"ocr": {"engine": "rapid"}})
    run("train", system="tfidf", data="mine")
    [(spec,)] = ask(home, "select spec from artifacts where artifact like 'enrichment/ocr/%'")
    assert '"rapid"' in spec


def test_an_image_system_learns_where_no_post_has_an_image(home: Path, tmp_path: Path) -> None:
    run("train", system="m3h-att", source=write(tmp_path / "mine.jsonl", *some_posts(0, 40)), name="blind",
        settings={"training.epochs": 1, "stages.handover.epochs": 1})  # fmt: skip
    assert ask(home, "select count(*) from runs where run = 'blind'") == [(1,)]


def test_two_names_of_one_run_are_one_row(home: Path, tmp_path: Path) -> None:
    given = {"systems": ["tfidf"], "settings": {"evaluation": {"resamples": 0}, "split": {"kind": "random"}}}
    run("pipeline", source=write(tmp_path / "mine.jsonl", *some_posts(0, 60)), name="mine", **given)
    run("train", system="tfidf", data="mine", name="again")
    page = Path(run("report", split="mine", settings={"resamples": 0})).read_text()
    assert "1 run of 1 system" in page


FROM_ANSWER_TO_PROMPT = """
select p.phrases, p.answer, asked.source, asked.line, asked.text, r.prompt, r.rationale, learned.source, learned.line
from predictions p
join posts asked using (dataset, post_id)
join inputs of_run on of_run.artifact = p.run_artifact
join inputs of_rationales on of_rationales.artifact = of_run.input
join rationales r on r.artifact = of_rationales.input
join posts learned on learned.dataset = p.dataset and learned.post_id = r.post_id
where p.system = 'dynamic-cot' and r.status = 'accepted'
limit 1
"""


def test_one_query_leads_from_an_answer_of_dynamic_cot_to_the_teachers_prompt_and_the_raw_lines(home: Path) -> None:
    settings = {
        "later_share": 0.3,
        "ocr": {"engine": "rapid"},
        "systems": {"dynamic-cot": {"training.epochs": 1, "training.batch_size": 8}},
        "evaluation": {"resamples": 0},
    }
    run("demo", posts=30, systems=["tfidf", "dynamic-cot"], settings=settings)
    [(phrases, answer, file, line, text, prompt, rationale, learned_file, learned_line)] = ask(
        home, FROM_ANSWER_TO_PROMPT
    )
    assert isinstance(phrases, list) and isinstance(answer, str)
    assert (file, learned_file) == ("posts.jsonl", "posts.jsonl") and line != learned_line
    assert text
    assert json.loads(prompt)["messages"]
    assert "which leads to" in rationale
    named = ask(home, "select count(*) from entities")
    assert named[0][0] > 10

    kept = ask(home, "select count(*), count(rationale) from rationales")
    [journal] = [path for path in (home / "journals").iterdir() if not path.name.startswith("entities")]
    paid = journal.read_bytes()
    for part in home.glob("artifacts/replies/**/rationales.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    run("teach", split="demo", rebuild=True)  # what the error about a damaged part says
    assert ask(home, "select count(*), count(rationale) from rationales") == kept
    assert journal.read_bytes() == paid
