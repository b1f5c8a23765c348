"""Rationales of a teacher for a split's training posts, each reply paid once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import create_table_artifact

from mmkp_core.data.post import Example
from mmkp_core.errors import MmkpError
from mmkp_core.identity import ArtifactRef
from mmkp_core.learning import Progress
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from storage.rows import RowStore
from storage.store import Draft, Store
from tasks.endpoint import Asked, asking_of
from tasks.examples import examples, image_bytes, part_posts, split_dataset
from tasks.progress import progress
from tasks.store import build_once, open_store
from tasks.stored import stored_task

VERSION = 1  # of a rationale
TAUGHT_VERSION = 2
ANSWER = ["request_hash", "status", "reason", "prompt_tokens", "completion_tokens"]


@stored_task(task_run_name="teach with {spec.model}")
def teach_posts(
    split: ArtifactRef, enriched: ArtifactRef, spec: TeacherSpec, limits: TeacherLimits, rebuild: bool = False
) -> ArtifactRef:
    """What the teacher says of every training post of a split.

    Stops, and keeps what it has, when the budget is spent; called again with a larger one it goes on.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        posts = part_posts(store, split, "train")
        given = examples(store, [post for post in posts if post.keyphrases], enriched)
        rows = rationale_rows(store, spec)
        if rebuild:
            rows.drop_damaged()  # what they held stands in the journal, and is judged again for nothing
        asked = ask_for(store, given, rows, split_dataset(store, split), spec, limits)
        hashes = set(hashes_of(given, spec))
        answers = rows.select(hashes, ANSWER).to_pylist() if rows.parts() else []
        if len(answers) < len(hashes):
            raise MmkpError(f"{len(answers):,} of {len(hashes):,} questions are answered and kept; {asked.why(limits)}")
        draft.facts.update(
            Counter(row["status"] for row in answers), engine=rows.group, model=spec.model, split=split.address
        )
        draft.facts["answers"] = _counted(answers)
        draft.rests_on += [part.ref for part in rows.parts()]

    return build_once("taught", spec, [split, enriched], build, version=TAUGHT_VERSION, rebuild=rebuild)


@stored_task()
def show_teaching(taught: ArtifactRef, key: str) -> None:
    """Accepted and rejected rationales by reason, as a table in the UI."""
    rows = open_store().require(taught).facts["answers"]
    create_table_artifact(table=rows, key=key, description="What became of the questions to the teacher")


def _counted(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Questions and tokens by status and reason; posts that are one question are counted as one."""
    counts: Counter[tuple[str, str]] = Counter()
    tokens: Counter[tuple[str, str]] = Counter()
    for row in answers:
        place = (row["status"], row["reason"] or "")
        counts[place] += 1
        tokens[place] += row["prompt_tokens"] + row["completion_tokens"]
    return [{"status": s, "reason": r, "questions": counts[s, r], "tokens": tokens[s, r]} for s, r in sorted(counts)]


def ask_for(
    store: Store,
    given: Sequence[Example],
    rows: RowStore,
    dataset: ArtifactRef,
    spec: TeacherSpec,
    limits: TeacherLimits,
) -> Asked:
    """Ask what is not answered yet, and seal the answers."""
    from mmkp_core.teacher.rationales import rationale_rows as asked_rows

    known = rows.known()
    todo = [e for e, request in zip(given, hashes_of(given, spec), strict=True) if request not in known]
    if not todo:
        return Asked()
    answered = []
    with (
        asking_of(store, dataset, spec.model, spec.asked, limits) as asking,
        progress(f"asking {spec.model}") as report,
    ):
        try:
            for row in asked_rows(todo, image_bytes(store, [e.post for e in todo]), spec, asking):
                answered.append(row)
                report(Progress(len(answered), len(todo), f"{asking.account.tokens:,} tokens"))
        finally:  # a stopped run keeps what it has paid for; failed rows are asked again
            _seal(rows, [row for row in answered if row["status"] != "failed"])
        failed = [f"{row['reason']}: {row['detail']}" for row in answered if row["status"] == "failed"]
        return Asked(asking.account.spent, asking.account.tokens, failed)


def rationale_rows(store: Store, spec: TeacherSpec) -> RowStore:
    return RowStore(store, "rationales", spec.engine, VERSION, key="request_hash")


def hashes_of(given: Sequence[Example], spec: TeacherSpec) -> list[str]:
    from mmkp_core.teacher.rationales import request_of

    return [request_of(example, spec).hash for example in given]


def _seal(rows: RowStore, answered: list[dict[str, object]]) -> None:
    from mmkp_core.teacher.rows import RATIONALES

    if answered:
        answered.sort(key=lambda row: str(row["request_hash"]))
        keys = [str(row["request_hash"]) for row in answered]

        def build(draft: Draft) -> None:
            draft.write_table("rationales", answered, RATIONALES)

        rows.add(keys, build)
