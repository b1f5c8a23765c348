"""Train, valid and test parts of a data set."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from prefect.artifacts import create_table_artifact

from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.overlap.splits import Split as MadeSplit
from mmkp_core.overlap.splits import grow, make_split
from mmkp_core.tables.splits import OVERLAP_PAIRS, SPLITS
from storage.dataset import DataSet
from storage.draft import Draft
from storage.enrichment import Enrichment
from storage.facts import SplitFacts
from storage.split import Split
from tasks.run.away import patient
from tasks.run.store import build_once, open_store
from tasks.run.stored import stored_task

VERSION = 2
GROWN_VERSION = 2


@stored_task()
def split_posts(dataset: ArtifactRef, signatures: ArtifactRef, spec: SplitSpec, rebuild: bool = False) -> ArtifactRef:
    """A split of a data set, with the reason for every post that was moved or dropped."""
    store = open_store()

    def build(draft: Draft) -> None:
        posts = DataSet(store, dataset).posts()
        keys = {post.image_key for post in posts if post.image_key}
        _write(draft, make_split(posts, spec, Enrichment(store, signatures).signatures(keys)), spec.kind, dataset)

    return build_once("split", spec, [dataset, signatures], build, version=VERSION, rebuild=rebuild)


@stored_task(task_run_name="grow the split")
def grow_split(
    dataset: ArtifactRef, signatures: ArtifactRef, before: ArtifactRef, spec: SplitSpec, rebuild: bool = False
) -> ArtifactRef:
    """The split `before`, grown by the posts that came since: each old post stays in its part.

    New posts are split as `spec` says. Test posts, old or new, that are too similar to a training post of either are
    dropped, so that what is left has been seen by neither champion nor challenger.
    """
    store = open_store()

    def build(draft: Draft) -> None:
        posts = DataSet(store, dataset).posts()
        keys = {post.image_key for post in posts if post.image_key}
        grown = grow(posts, Split(store, before).parts(), spec, Enrichment(store, signatures).signatures(keys))
        _write(draft, grown, "grown", dataset, before)

    return build_once("split", spec, [dataset, signatures, before], build, version=GROWN_VERSION, rebuild=rebuild)


@stored_task()
def split_by_source(dataset: ArtifactRef, parts: Sequence[str]) -> ArtifactRef:
    """A split by the files that a data set was made of: the posts of the first are all in the first part, ..."""
    store = open_store()

    def build(draft: Draft) -> None:
        counts: dict[str, Any] = {}
        with draft.table(SPLITS) as table:
            for record, part in zip(DataSet(store, dataset).parts, parts, strict=True):
                ids = store.table(record, "posts", ["post_id"])["post_id"].to_pylist()
                table.write([{"post_id": post_id, "part": part, "reason": "given", "cluster": None} for post_id in ids])
                counts[part] = len(ids)
        draft.facts = SplitFacts(kind="given", dataset=dataset.address, **counts)

    return build_once("split", {"by_source": list(parts)}, [dataset], build, version=VERSION)


@stored_task()
def show_parts(split: ArtifactRef, key: str) -> None:
    """The split's counts as a table in the UI."""
    facts = Split(open_store(), split).facts
    counts = {f.name: getattr(facts, f.name) for f in fields(facts)}
    rows = [{"what": name, "count": count} for name, count in counts.items() if isinstance(count, int)]
    patient(create_table_artifact)(table=rows, key=key, description=f"A {facts.kind} split")


def _write(draft: Draft, made: MadeSplit, kind: str, dataset: ArtifactRef, before: ArtifactRef | None = None) -> None:
    draft.write_table(SPLITS, made.rows())
    draft.write_table(OVERLAP_PAIRS, made.overlap_rows())
    found = made.facts()
    counts: dict[str, Any] = {f.name: getattr(found, f.name) for f in fields(found)}
    draft.facts = SplitFacts(
        **counts,
        kind=kind,
        dataset=dataset.address,
        before=before.address if before else None,
    )
