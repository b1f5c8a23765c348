"""Splits posts into training, validation and test parts, and says why a post was moved or dropped.

Random splits of social posts leak: duplicates and near-duplicates of one post land on both sides, and scores measure
memory. Here a post stands in one part with all its duplicates, direct or through others. The split also counts how much
test posts shared with the training side before and after.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np

from mmkp_core.data.post import Post
from mmkp_core.errors import WrongInput
from mmkp_core.overlap.assignment import (
    DROPPED,
    PARTS,
    TEST,
    TRAIN,
    VALID,
    Parts,
    at_random,
    by_time,
    clusters,
    drawn,
    gathered,
    part_sizes,
    with_equal_shares,
    with_unseen_labels,
    without_leaks,
    without_sources,
)
from mmkp_core.overlap.counts import OverlapCount, SplitCounts
from mmkp_core.overlap.duplicates import MEASURES, Duplicates, Measure, find_duplicates, unit_of_score
from mmkp_core.overlap.measures import label_overlap
from mmkp_core.overlap.similarity import Ints, Mask, Similarity
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.seeding import generator
from mmkp_core.vision.signatures import ImageSignature

if TYPE_CHECKING:
    import pyarrow as pa

WITH_DUPLICATES = "kept with its duplicates"
TO_SHARE = "moved to meet the share"
HELD_OUT = "has a phrase that is kept from training"
DROPPED_BEFORE = "dropped before"
NO_PART = "the source states no part"
NO_TIME = "no time of writing"
LEAK = "a duplicate or near-duplicate of a post of an earlier part"
SOURCE = "a duplicate or near-duplicate of a post of a later part"

EQUALS_LISTED = 20
"""Of equal posts, how many are listed as partners of a post of another part."""


@dataclass(frozen=True, slots=True)
class Split:
    posts: Sequence[Post]
    parts: Parts
    before: Parts
    """Where each post stood before duplicates were looked for: what `parts` is compared with."""
    reasons: Mapping[int, str]
    """Why a post was moved or dropped, by position."""
    cluster: Ints | None
    duplicates: Duplicates
    spec: SplitSpec

    def rows(self) -> "pa.Table":
        """A row for each post, in their order."""
        import pyarrow as pa

        from mmkp_core.tables.splits import SPLITS

        names = np.array(PARTS)[self.parts]
        return pa.table(
            [
                pa.array([post.post_id for post in self.posts], pa.string()),
                pa.array(names.tolist(), pa.string()),
                pa.array([self.reasons.get(at) for at in range(len(self.posts))], pa.string()),
                pa.nulls(len(self.posts), pa.int64()) if self.cluster is None else pa.array(self.cluster, pa.int64()),
            ],
            schema=SPLITS.schema,
        )

    def overlap_rows(self) -> "pa.Table":
        """Pairs that stood in two parts before, with the parts in which they are now."""
        import pyarrow as pa

        from mmkp_core.tables.splits import OVERLAP_PAIRS

        ids = np.array([post.post_id for post in self.posts], object)
        names = np.array(PARTS, object)[self.parts]
        tables = [OVERLAP_PAIRS.schema.empty_table()]
        for measure in MEASURES:
            for earlier, later in ((TRAIN, VALID), (TRAIN, TEST), (VALID, TEST)):
                found = self.duplicates[measure].crossing(self.before == earlier, self.before == later, EQUALS_LISTED)
                columns = [ids[found.left], ids[found.right], names[found.left], names[found.right]]
                unit = unit_of_score(measure, self.spec.text_unit)
                tables.append(
                    pa.table(
                        [
                            *(pa.array(column, pa.string()) for column in columns),
                            pa.array([measure] * len(found), pa.string()),
                            pa.array([unit] * len(found), pa.string()),
                            pa.array(found.score, pa.float64()),
                        ],
                        schema=OVERLAP_PAIRS.schema,
                    )
                )
        return pa.concat_tables(tables)

    def facts(self) -> SplitCounts:
        """Counts for the record."""
        train, valid, test, dropped = (int((self.parts == part).sum()) for part in range(len(PARTS)))
        sizes = np.bincount(self.cluster) if self.cluster is not None else np.zeros(0, np.int64)
        grouped = sizes[self.cluster] > 1 if self.cluster is not None else np.zeros(len(self.parts), bool)
        before, after = self._shared(self.before), self._shared(self.parts)
        return SplitCounts(
            train=train,
            valid=valid,
            test=test,
            dropped=dropped,
            moved=sum(1 for at in self.reasons if self.parts[at] != DROPPED),
            clusters=int((sizes > 1).sum()),
            clustered=int(sizes[sizes > 1].sum()),
            clustered_in=tuple(int((grouped & (self.parts == part)).sum()) for part in (TRAIN, VALID, TEST)),
            largest_cluster=int(sizes.max(initial=0)),
            overlaps=tuple(
                OverlapCount(
                    measure=measure,
                    before=shared,
                    before_of=of,
                    after=after[measure][0],
                    after_of=after[measure][1],
                )
                for measure, (shared, of) in before.items()
            ),
        )

    def _shared(self, parts: Parts) -> dict[str, tuple[int, int]]:
        training, test = parts < TEST, parts == TEST
        posts = int(test.sum())
        shared: dict[str, tuple[int, int]] = {
            measure: (int(self.duplicates[measure].touched(training, test).sum()), posts) for measure in MEASURES
        }
        train_labels = [self.posts[at].keyphrases for at in np.flatnonzero(parts == TRAIN)]
        labels, all_seen = label_overlap(train_labels, [self.posts[at].keyphrases for at in np.flatnonzero(test)])
        shared["all_labels_seen"] = (all_seen, posts)
        shared["label_occurrences_seen"] = (labels.occurrences_seen, labels.occurrences)
        shared["distinct_labels_seen"] = (labels.distinct_seen, labels.distinct)
        return shared


def make_split(posts: Sequence[Post], spec: SplitSpec, signatures: Mapping[str, ImageSignature] | None = None) -> Split:
    """Parts of `posts`; `signatures` are by image key."""
    if spec.valid_share + spec.test_share >= 1:
        raise WrongInput(
            f"valid_share {spec.valid_share} and test_share {spec.test_share} leave nothing to train on; "
            "give shares that add up to less than 1"
        )
    duplicates = _duplicates(posts, spec, signatures)
    similarities = _compared(duplicates, spec)
    sizes = part_sizes(len(posts), spec.valid_share, spec.test_share)
    draw = generator(spec.seed, "split")
    before = at_random(len(posts), sizes, draw)
    match spec.kind:
        case "random":
            return Split(posts, before, before, {}, None, duplicates, spec)
        case "given":
            given = _given(posts)
            if not (given != DROPPED).any():
                raise WrongInput("the source states no part for any post; choose another kind of split, such as clean")
            return Split(posts, given, given, _reasons(given == DROPPED, NO_PART), None, duplicates, spec)
        case "temporal":
            times = _times(posts)
            timed = int((~np.isnan(times)).sum())
            if not timed:
                raise WrongInput("no post says when it was written; choose another kind of split, such as clean")
            before = by_time(times, part_sizes(timed, spec.valid_share, spec.test_share))
            parts = without_leaks(before, similarities)
            reasons = _reasons(parts == DROPPED, LEAK) | _reasons(before == DROPPED, NO_TIME)
            return Split(posts, parts, before, reasons, clusters(len(posts), similarities), duplicates, spec)
        case "purged":
            before = _started(posts, before, spec)
            parts = without_sources(before, similarities)
            return Split(posts, parts, before, _reasons(parts != before, SOURCE), None, duplicates, spec)
        case "clean":
            cluster = clusters(len(posts), similarities)
            before = _started(posts, before, spec)
            if spec.start == "random":
                together = drawn(before, cluster, draw)
                parts = with_equal_shares(together, cluster, spec.valid_share, spec.test_share, draw)
            else:
                parts = together = gathered(before, cluster)
            moved = parts != before
            reasons = _reasons(moved, TO_SHARE) | _reasons(moved & (parts == together), WITH_DUPLICATES)
            return Split(posts, parts, before, reasons, cluster, duplicates, spec)
        case "unseen-labels":
            cluster = clusters(len(posts), similarities)
            labels = _labels(posts)
            parts, holding = with_unseen_labels(labels, cluster, sizes, spec.unseen_share, draw)
            moved, with_holding = parts != before, np.isin(cluster, cluster[holding])
            reasons = _reasons(moved, TO_SHARE) | _reasons(moved & with_holding, WITH_DUPLICATES)
            reasons |= _reasons(moved & holding, HELD_OUT)
            return Split(posts, parts, before, reasons, cluster, duplicates, spec)


def _started(posts: Sequence[Post], random: Parts, spec: SplitSpec) -> Parts:
    """The parts that the source states, chance where it states none; or chance alone."""
    if spec.start == "random":
        return random
    given = _given(posts)
    return np.where(given == DROPPED, random, given)


def grow(
    posts: Sequence[Post],
    parts_before: Mapping[str, str],
    spec: SplitSpec,
    signatures: Mapping[str, ImageSignature] | None = None,
) -> Split:
    """A split that keeps every post of `parts_before` (post id -> part) where it is and splits the new ones.

    New posts are split at random, by time where the spec says so; a new duplicate joins the posts that it duplicates.
    What still leaks, as when a new post joins duplicates of two parts, is dropped from the later part.
    """
    duplicates = _duplicates(posts, spec, signatures)
    similarities = _compared(duplicates, spec)
    cluster = clusters(len(posts), similarities)
    old = np.array([post.post_id in parts_before for post in posts], bool)
    fresh = np.flatnonzero(~old)
    sizes = part_sizes(len(fresh), spec.valid_share, spec.test_share)
    before = np.array([PARTS.index(parts_before.get(post.post_id, "dropped")) for post in posts], np.int8)
    if spec.kind == "temporal":
        before[fresh] = by_time(_times(posts)[fresh], sizes)
    else:
        before[fresh] = at_random(len(fresh), sizes, generator(spec.seed, "grow", len(posts)))
    joined = before.copy()
    settled = old & (before != DROPPED)
    for part in (TEST, VALID, TRAIN):  # the earliest part has the last word
        joined[~old & (before != DROPPED) & np.isin(cluster, cluster[settled & (before == part)])] = part
    parts = without_leaks(joined, similarities)
    reasons = (
        _reasons((before == DROPPED) & ~old, NO_TIME)
        | _reasons(joined != before, WITH_DUPLICATES)
        | _reasons((parts == DROPPED) & (joined != DROPPED), LEAK)
        | _reasons((before == DROPPED) & old, DROPPED_BEFORE)
    )
    return Split(posts, parts, before, reasons, cluster, duplicates, spec)


def _duplicates(posts: Sequence[Post], spec: SplitSpec, signatures: Mapping[str, ImageSignature] | None) -> Duplicates:
    return find_duplicates(
        posts, spec.text_unit, spec.text_threshold, signatures or {}, spec.image_distance, spec.image_evidence
    )


def _compared(duplicates: Duplicates, spec: SplitSpec) -> list[Similarity]:
    of_text: tuple[Measure, ...] = ("identical_text", "near_text")
    match spec.fields:
        case "text":
            chosen = of_text
        case "image":
            chosen = tuple(measure for measure in MEASURES if measure not in of_text)
        case "both":
            chosen = MEASURES
    return [duplicates[measure] for measure in chosen]


def _given(posts: Sequence[Post]) -> Parts:
    numbers = {name: number for number, name in enumerate(PARTS) if number != DROPPED}
    if unknown := sorted({post.split_hint for post in posts if post.split_hint} - numbers.keys()):
        raise WrongInput(
            f"the source states parts called {', '.join(map(repr, unknown[:5]))}; known are train, valid and test: "
            "write these in the source, or choose a kind of split that does not start from given parts"
        )
    return np.array([numbers.get(post.split_hint or "", DROPPED) for post in posts], np.int8)


def _times(posts: Sequence[Post]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Seconds since 1970, a time without a zone taken as UTC; NaN where there is none."""
    return np.array(
        [
            np.nan
            if (time := post.created_at) is None
            else (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
            for post in posts
        ],
        np.float64,
    )


def _labels(posts: Sequence[Post]) -> list[list[str]]:
    from mmkp_core.data.text import normal_form

    return [[normal_form(label) for label in post.keyphrases] for post in posts]


def _reasons(which: Mask, reason: str) -> dict[int, str]:
    return dict.fromkeys(np.flatnonzero(which).tolist(), reason)
