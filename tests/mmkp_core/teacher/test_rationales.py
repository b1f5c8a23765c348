import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.post import Example, Post
from mmkp_core.tables.teacher import RATIONALES
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.journal import Journal
from mmkp_core.teacher.rationales import request_of, teach
from mmkp_core.teacher.reply import REASONS, Reply
from mmkp_core.teacher.scripted_answers import Fact, Facts, facts_in
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec

Posts = Callable[..., list[Example]]


def test_a_row_leads_from_the_rationale_back_to_the_question(desk: Any) -> None:
    example = Example(post=Post(post_id="7", text="Board games tonight", keyphrases=("board games",)))
    facts = Facts([Fact("Board games tonight", ("board games",), ('the text says "Board games"',))])
    made = desk.teach(desk.serve(facts=facts), [example], price_prompt=1.0, price_reply=2.0)
    assert made.rows.schema == RATIONALES.schema
    (row,) = made.rows.to_pylist()
    assert row["post_id"] == "7"
    assert row["rationale"] == 'The text says "Board games", which leads to board games.'
    assert row["phrases"] == ["board games"]
    assert json.loads(row["raw_reply"])["reasoning"] == row["rationale"]
    assert (row["status"], row["reason"], row["finish_reason"], row["turns"], row["attempts"]) == (
        "accepted", None, "stop", 1, 1,
    )  # fmt: skip
    assert row["cost"] == pytest.approx((row["prompt_tokens"] + 2 * row["completion_tokens"]) / 1e6)
    asked = json.loads(row["prompt"])
    assert "Board games tonight" in asked["messages"][1]["content"]
    assert row["request_hash"] == request_of(example, TeacherSpec()).hash
    assert row["engine"] == TeacherSpec().engine


def test_every_post_has_one_row_in_the_order_of_ids(desk: Any, posts: Posts) -> None:
    server = desk.serve(by_number={3: "refusal", 5: "length"})
    examples = [*posts(20), Example(post=Post(post_id="none", text="no keyphrases"))]
    made = desk.teach(server, examples)
    assert made.rows["post_id"].to_pylist() == [example.post.post_id for example in examples]
    assert made.counts == {
        "accepted": 18, "rejected: length": 1, "rejected: no_keyphrases": 1, "rejected: refusal": 1,
    }  # fmt: skip
    assert set(made.rows["reason"].to_pylist()) <= {None, *REASONS}
    assert server.stats.requests == 20


def test_solving_keeps_what_comes_out_right(desk: Any) -> None:
    facts = [Fact(f"post {n}", (f"phrase{n}",), (f'the text says "{n}"',)) for n in range(200)]
    examples = [Example(post=Post(post_id=f.text, text=f.text, keyphrases=f.phrases)) for f in facts]
    server = desk.serve(facts=Facts(facts), wrong=0.3)
    made = desk.teach(server, examples, TeacherSpec(mode="solve"), concurrency=16)
    assert made.counts.keys() == {"accepted", "rejected: wrong_phrases"}
    assert 0.2 < made.counts["rejected: wrong_phrases"] / 200 < 0.4
    assert server.stats.requests == 200  # a wrong answer is not asked about again


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("json_mode", ["json_schema", "json_object", "none"])
def test_generated_posts_get_rationales_in_both_languages(
    desk: Any, tmp_path: Path, language: Any, json_mode: Any
) -> None:
    writing = pytest.importorskip("mmkp_core.data.demo.writing")
    demo = writing.write_demo(DemoSpec(posts=40), tmp_path / "demo")
    examples = [
        Example(post=Post(post_id=row["post_id"], text=row["text"], keyphrases=tuple(row["keyphrases"])))
        for row in map(json.loads, demo.posts.read_text().splitlines())
    ]
    server = desk.serve(facts=facts_in(tmp_path / "demo"))
    made = desk.teach(server, examples, TeacherSpec(language=language, json_mode=json_mode), concurrency=8)
    assert made.counts == {"accepted": 40}


def test_sealed_replies_serve_another_acceptance_rule_for_nothing(desk: Any, tmp_path: Path) -> None:
    facts = Facts([Fact("a b", ("chess", "opera"), ("x", "y"))])
    example = Example(post=Post(post_id="1", text="a b", keyphrases=("chess", "opera", "ballet")))
    server = desk.serve(facts=facts)
    lax, strict = TeacherSpec(mode="solve", accept_f1=0.8), TeacherSpec(mode="solve", accept_f1=0.9)
    assert desk.teach(server, [example], lax).counts == {"accepted": 1}  # F1 = 2 x 2 / (2 + 3)
    with Journal(desk.journal) as journal:
        sealed = journal.rows().to_pylist()
    replies = {row["request"]: Reply(**row) for row in sealed}
    with Journal(tmp_path / "new.jsonl") as journal:
        session = Session(Endpoint(server.url), TeacherLimits(), journal, replies)
        made = teach([example], lambda key: None, strict, session)
        assert made.counts == {"rejected: wrong_phrases": 1}
        assert len(journal) == 0
    assert server.stats.requests == 1
    assert asdict(next(iter(replies.values()))) == sealed[0]
