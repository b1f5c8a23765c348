"""Rationales of a teacher for a split's training posts, each reply paid once."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from prefect.artifacts import create_table_artifact

from mmkp_core.data.post import Example
from mmkp_core.errors import MmkpError
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import Progress
from mmkp_core.tables.teacher import RATIONALES
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from storage.dataset import image_reader
from storage.draft import Draft
from storage.enrichment import examples
from storage.facts import AnswerCount, PartFacts, RationalesFacts
from storage.rows import RowStore
from storage.split import Split
from storage.store import Store
from tasks.run.away import patient
from tasks.run.endpoint import Round, open_session
from tasks.run.progress import progress
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task

REPLIES_VERSION = 1
VERSION = 2
ANSWER = ["request_hash", "status", "reason", "prompt_tokens", "completion_tokens"]


@stored_task(task_run_name="teach with {spec.model}")
def teach_posts(
    split: ArtifactRef,
    enrichments: Sequence[ArtifactRef],
    spec: TeacherSpec,
    limits: TeacherLimits,
    rebuild: bool = False,
) -> ArtifactRef:
    """The teacher's rationales for every training post of a split.

    Stops, and keeps what it has, when the budget is spent; called again with a larger one it goes on.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        posts = [post for post in Split(store, split).posts("train") if post.keyphrases]
        given = examples(store, posts, enrichments)
        rows = RowStore(store, "replies", spec.engine, REPLIES_VERSION, key="request_hash", table="rationales")
        if rebuild:
            rows.drop_damaged(precious=True)  # what they held stands in the journal, and is judged again for nothing
        ended = ask(store, given, rows, Split(store, split).dataset.ref, spec, limits)
        hashes = set(hashes_of(given, spec))
        answers = rows.select(hashes, ANSWER).to_pylist() if rows.parts() else []
        if len(answers) < len(hashes):
            raise MmkpError(f"{len(answers):,} of {len(hashes):,} questions are answered and kept; {ended.why(limits)}")
        if answers and not any(row["status"] == "accepted" for row in answers):
            reasons = Counter(row["reason"] for row in answers).most_common(3)
            why = ", ".join(f"{reason} {count:,}" for reason, count in reasons)
            raise MmkpError(
                f"none of the {len(answers):,} answers of {spec.model} was accepted ({why}): look at some with "
                '`mmkp query "select reason, detail, rationale from rationales"`, and choose another model or mode'
            )
        draft.facts = RationalesFacts(
            split=split.address, engine=rows.group, model=spec.model, answers=counted(answers)
        )
        draft.rests_on += [part.ref for part in rows.parts()]

    return build_once("rationales", spec, [split, *enrichments], build, version=VERSION, rebuild=rebuild)


@stored_task()
def show_teaching(rationales: ArtifactRef, key: str) -> None:
    """Accepted and rejected rationales by reason, as a table in the UI."""
    answers = open_store().require(rationales).states(RationalesFacts).answers
    rows = [asdict(answer) for answer in answers]
    patient(create_table_artifact)(table=rows, key=key, description="What became of the questions to the teacher")


def counted(answers: Sequence[Mapping[str, Any]]) -> tuple[AnswerCount, ...]:
    """Questions and tokens by status and reason; posts that are one question are counted as one."""
    counts: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    for row in answers:
        place = (row["status"], row["reason"] or "")
        counts[place] += 1
        tokens[place] += row["prompt_tokens"] + row["completion_tokens"]
    return tuple(
        AnswerCount(status=s, reason=r, questions=counts[s, r], tokens=tokens[s, r]) for s, r in sorted(counts)
    )


def ask(
    store: Store,
    given: Sequence[Example],
    rows: RowStore,
    dataset: ArtifactRef,
    spec: TeacherSpec,
    limits: TeacherLimits,
) -> Round:
    """Ask what is not answered yet, and seal the answers."""
    from mmkp_core.teacher.rationales import rationale_rows

    known = rows.known()
    todo = [e for e, request in zip(given, hashes_of(given, spec), strict=True) if request not in known]
    if not todo:
        return Round()
    answered, begun = [], time.monotonic()
    with (
        open_session(store, dataset, spec.model, spec.journal_key, limits) as session,
        progress(f"asking {spec.model}") as report,
    ):
        try:
            for row in rationale_rows(todo, image_reader(store, [e.post for e in todo]), spec, session):
                answered.append(row)
                report(Progress(len(answered), len(todo), f"{session.account.tokens:,} tokens"))
        finally:  # a stopped run keeps what it has paid for; failed rows are asked again
            _seal(rows, [row for row in answered if row["status"] != "failed"], time.monotonic() - begun)
        failed = [f"{row['reason']}: {row['detail']}" for row in answered if row["status"] == "failed"]
        return Round(session.account.spent, session.account.tokens, failed)


def hashes_of(given: Sequence[Example], spec: TeacherSpec) -> list[str]:
    from mmkp_core.teacher.rationales import request_of

    return [request_of(example, spec).hash for example in given]


def _seal(rows: RowStore, answered: list[dict[str, object]], seconds: float) -> None:
    if answered:
        answered.sort(key=lambda row: str(row["request_hash"]))

        def build(draft: Draft) -> None:
            draft.write_table(RATIONALES, answered)
            counts = Counter(str(row["status"]) for row in answered)
            draft.facts = PartFacts(rows=counts, seconds=round(seconds, 3))

        rows.add([str(row["request_hash"]) for row in answered], build)
