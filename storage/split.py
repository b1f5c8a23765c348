"""A split as stored: which posts are trained, validated and tested on, and what they share."""

import pyarrow as pa

from mmkp_core.data.post import Post
from mmkp_core.identity import ArtifactRef
from mmkp_core.tables.splits import OVERLAP_PAIRS
from storage.dataset import DataSet
from storage.facts import SplitFacts
from storage.store import Store

PARTS = ("train", "valid", "test")


class Split:
    def __init__(self, store: Store, ref: ArtifactRef) -> None:
        self.store = store
        self.ref = ref
        self.record = store.require(ref)
        self.facts = self.record.states(SplitFacts)

    @property
    def dataset(self) -> DataSet:
        return DataSet(self.store, ArtifactRef.parse(self.facts.dataset))

    def parts(self) -> dict[str, str]:
        """post id -> train, valid, test or dropped"""
        rows = self.store.table(self.record, "splits", ["post_id", "part"])
        return dict(zip(rows["post_id"].to_pylist(), rows["part"].to_pylist(), strict=True))

    def posts(self, part: str) -> list[Post]:
        """The posts of one part, in the data set's order."""
        parts = self.parts()
        return [post for post in self.dataset.posts() if parts.get(post.post_id) == part]

    def overlap_pairs(self) -> pa.Table | None:
        """Pairs of posts of two parts that are too similar; None where duplicates were not looked for."""
        if not self.record.file(f"{OVERLAP_PAIRS.name}.parquet"):
            return None
        return self.store.table(self.record, OVERLAP_PAIRS.name)

    def leaked(self, part: str) -> set[str] | None:
        """Ids of the part's posts of which a duplicate or near-duplicate is trained or validated on.

        None where duplicates were not looked for.
        """
        pairs = self.overlap_pairs()
        if pairs is None:
            return None
        return {
            row["right_id"]
            for row in pairs.select(["right_id", "left_part", "right_part", "measure"]).to_pylist()
            if row["measure"].startswith("near_")
            and row["left_part"] in ("train", "valid")
            and row["right_part"] == part
        }
