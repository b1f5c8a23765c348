"""Train, valid and test parts of a data set."""

from collections.abc import Sequence

from prefect.artifacts import create_table_artifact

from mmkp_core.identity import ArtifactRef
from mmkp_core.overlap.spec import SplitSpec
from storage.store import Draft
from tasks.examples import dataset_parts, dataset_posts, image_signatures
from tasks.store import build_once, open_store
from tasks.stored import stored_task

VERSION = 1


@stored_task()
def split_posts(dataset: ArtifactRef, enriched: ArtifactRef, spec: SplitSpec, rebuild: bool = False) -> ArtifactRef:
    """A split of a data set, with the reason for every post that was moved or dropped."""
    store = open_store()

    def build(draft: Draft) -> None:
        from mmkp_core.overlap.rows import OVERLAPS, SPLITS
        from mmkp_core.overlap.splits import make_split

        posts = dataset_posts(store, dataset)
        signatures = image_signatures(store, enriched, {post.image_key for post in posts if post.image_key})
        divided = make_split(posts, spec, signatures)
        draft.write_table("splits", divided.rows(), SPLITS)
        draft.write_table("overlaps", divided.overlap_rows(), OVERLAPS)
        draft.facts.update(divided.facts(), kind=spec.kind, dataset=dataset.address)

    return build_once("split", spec, [dataset, enriched], build, version=VERSION, rebuild=rebuild)


@stored_task()
def split_by_source(dataset: ArtifactRef, parts: Sequence[str]) -> ArtifactRef:
    """A split by the files that a data set was made of: the posts of the first are all in the first part, ..."""
    store = open_store()

    def build(draft: Draft) -> None:
        from mmkp_core.overlap.rows import SPLITS

        with draft.table("splits", SPLITS) as table:
            for record, part in zip(dataset_parts(store, dataset), parts, strict=True):
                ids = store.table(record, "posts", ["post_id"])["post_id"].to_pylist()
                table.write([{"post_id": post_id, "part": part, "reason": "given", "cluster": None} for post_id in ids])
                draft.facts[part] = len(ids)
        draft.facts.update(kind="given", dataset=dataset.address)

    return build_once("split", {"by_source": list(parts)}, [dataset], build, version=VERSION)


@stored_task()
def show_parts(split: ArtifactRef, key: str) -> None:
    """The split's counts as a table in the UI."""
    facts = open_store().require(split).facts
    rows = [{"what": name, "count": count} for name, count in facts.items() if isinstance(count, int)]
    create_table_artifact(table=rows, key=key, description=f"A {facts['kind']} split")
