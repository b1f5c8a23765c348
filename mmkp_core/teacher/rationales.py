"""Makes rationales for posts: each post becomes a question, each outcome a row."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import pyarrow as pa

from mmkp_core.data.post import Example
from mmkp_core.prompts.teacher import RATIONALE_SCHEMA, fence_in, repair_turns, teacher_turns
from mmkp_core.prompts.turns import Turn
from mmkp_core.tables.teacher import RATIONALES
from mmkp_core.teacher.acceptance import Rationale, phrases_of, read_rationale, unanswerable
from mmkp_core.teacher.account import cost_of
from mmkp_core.teacher.client import ask
from mmkp_core.teacher.questions import Outcome, Question
from mmkp_core.teacher.reply import Flaw, Reply, json_of, status_of
from mmkp_core.teacher.request import ChatRequest
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec

ImageBytes = Callable[[str], bytes | None]
"""An image's bytes by their hash; None where they are gone."""


@dataclass(frozen=True, slots=True)
class Rationales:
    rows: pa.Table
    """Of RATIONALES, by post id; posts that the budget left out have none."""
    counts: Mapping[str, int]
    """Rows by status and, where not accepted, by reason."""


def teach(
    examples: Iterable[Example],
    images: ImageBytes,
    spec: TeacherSpec,
    session: Session,
    report: Callable[[int], None] = lambda done: None,
) -> Rationales:
    """Rationales for `examples`; `report` gets the number of posts done after each."""
    rows = []
    for row in rationale_rows(examples, images, spec, session):
        rows.append(row)
        report(len(rows))
    rows.sort(key=lambda row: (row["post_id"], row["request_hash"]))
    counts: dict[str, int] = {}
    for row in rows:
        name = row["status"] if row["status"] == "accepted" else f"{row['status']}: {row['reason']}"
        counts[name] = counts.get(name, 0) + 1
    return Rationales(pa.Table.from_pylist(rows, schema=RATIONALES.schema), dict(sorted(counts.items())))


def rationale_rows(
    examples: Iterable[Example], images: ImageBytes, spec: TeacherSpec, session: Session
) -> Iterator[dict[str, Any]]:
    """Rows of RATIONALES as they come, in no order. Posts that no reply could serve are rejected without a request."""
    refused: list[tuple[Example, Flaw]] = []

    def questions() -> Iterator[Question[Example, Rationale]]:
        for example in examples:
            if flaw := unanswerable(example):
                refused.append((example, flaw))
            else:
                yield question_of(example, images, spec)

    limits = session.account.limits
    for outcome in ask(session, questions()):
        yield _row(outcome, spec, limits)
    for example, flaw in refused:
        question = question_of(example, images, spec)
        yield _row(Outcome(question=question, reason=flaw.reason, detail=flaw.detail), spec, limits)


def question_of(example: Example, images: ImageBytes, spec: TeacherSpec) -> Question[Example, Rationale]:
    """The question about one post; its request's hash says whether it was answered before."""
    request = request_of(example, spec)
    return Question(
        subject=example,
        request=request,
        image=partial(images, request.image_key or ""),
        read=partial(read_rationale, example=example, spec=spec, fence=fence_in(request.turns)),
        repair=partial(_repair, request.turns, spec),
    )


def request_of(example: Example, spec: TeacherSpec) -> ChatRequest:
    image = example.post.image if spec.image_pixels else None
    return ChatRequest(
        settings=spec.chat,
        turns=teacher_turns(example, spec.mode, spec.language, image or ""),
        image_key=image,
        schema=RATIONALE_SCHEMA,
        schema_name="rationale",
    )


def _repair(turns: tuple[Turn, ...], spec: TeacherSpec, reply: Reply, flaw: Flaw) -> tuple[Turn, ...]:
    return repair_turns(turns, reply.text, flaw.reason, spec.language)


def _row(outcome: Outcome[Example, Rationale], spec: TeacherSpec, limits: TeacherLimits) -> dict[str, Any]:
    post, request, replies = outcome.question.subject.post, outcome.question.request, outcome.replies
    last = replies[-1] if replies else None
    rationale = outcome.value
    return {
        "post_id": post.post_id,
        "image_key": post.image_key,
        "request_hash": request.hash,
        "prompt": orjson.dumps(request.document()).decode(),
        "model": spec.model,
        "mode": spec.mode,
        "status": status_of(outcome.reason),
        "reason": outcome.reason,
        "detail": outcome.detail,
        "rationale": rationale.text if rationale else None,
        "phrases": list(rationale.phrases if rationale else _phrases_in(last)),
        "raw_reply": last.text if last else None,
        "trace": last.trace if last else None,
        "finish_reason": last.finish_reason if last else None,
        "turns": len(replies),
        "prompt_tokens": sum(reply.prompt_tokens for reply in replies),
        "completion_tokens": sum(reply.completion_tokens for reply in replies),
        "tokens_counted": all(reply.counted for reply in replies),
        "cost": sum(cost_of(reply, limits) for reply in replies),
        "attempts": outcome.attempts,
        "engine": spec.engine,
    }


def _phrases_in(reply: Reply | None) -> tuple[str, ...]:
    document = json_of(reply) if reply else None
    return (phrases_of(document.get("phrases")) or ()) if isinstance(document, Mapping) else ()
