"""Assigns posts, or whole clusters of duplicates, to the parts of a split.

Parts are numbers here, positions in `PARTS`. Posts come as clusters: duplicates of each other, directly or through
others, have one number, and no cluster is ever cut. Every choice follows from the generator that is passed in.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmkp_core.overlap.similarity import Ints, Mask, Similarity

Parts = npt.NDArray[np.int8]

PARTS = ("train", "valid", "test", "dropped")
TRAIN, VALID, TEST, DROPPED = range(4)


def part_sizes(posts: int, valid_share: float, test_share: float) -> tuple[int, int]:
    """How many posts to validate and to test on: the nearest whole number, at least one where the share is above 0."""
    valid, test = (max(1, round(share * posts)) if share and posts > 2 else 0 for share in (valid_share, test_share))
    return valid, test


def at_random(posts: int, sizes: tuple[int, int], draw: np.random.Generator) -> Parts:
    parts = np.full(posts, TRAIN, np.int8)
    order = draw.permutation(posts)
    valid, test = sizes
    parts[order[:test]] = TEST
    parts[order[test : test + valid]] = VALID
    return parts


def clusters(posts: int, similarities: Sequence[Similarity]) -> Ints:
    """Cluster of each post, numbered by its first post."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends, total = [np.empty((2, 0), np.int64)], posts
    for similarity in similarities:  # a group is a node of its own beside the posts
        members = np.flatnonzero(similarity.group >= 0)
        ends.append(np.stack([members, total + similarity.group[members]]))
        ends.append(total + np.stack([similarity.left, similarity.right]))
        total += similarity.groups
    edges = np.concatenate(ends, axis=1)
    graph = coo_matrix((np.ones(edges.shape[1], np.int8), (edges[0], edges[1])), shape=(total, total))
    component = connected_components(graph, directed=False)[1][:posts]
    _, first, number = np.unique(component, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[number]


def gathered(parts: Parts, cluster: Ints) -> Parts:
    """Each cluster in the part that holds most of it, and so the fewest posts moved; of equals the earlier part."""
    counts = np.zeros((int(cluster.max(initial=-1)) + 1, DROPPED), np.int64)
    np.add.at(counts, (cluster, parts), 1)
    fullest: Parts = counts.argmax(axis=1).astype(np.int8)
    return fullest[cluster]


def drawn(parts: Parts, cluster: Ints, draw: np.random.Generator) -> Parts:
    """Each cluster in the part where one of its posts, taken by chance, stands.

    So a part gets its share of the clusters, whatever their size; the fullest part would mostly be the training.
    """
    order = draw.permutation(len(parts))
    _, first = np.unique(cluster[order], return_index=True)
    return parts[order[first]][cluster]


def with_equal_shares(
    parts: Parts, cluster: Ints, valid_share: float, test_share: float, draw: np.random.Generator
) -> Parts:
    """Whole clusters moved until each part has its share of the posts that have duplicates, and of all posts."""
    out = parts.copy()
    grouped = np.bincount(cluster)[cluster] > 1
    wanted = np.array(part_sizes(len(parts), valid_share, test_share))
    among = np.array(part_sizes(int(grouped.sum()), valid_share, test_share))
    for chosen in (grouped, ~grouped):
        numbers = np.unique(cluster[chosen], return_inverse=True)[1]
        out[chosen] = with_shares(parts[chosen], numbers, (int(among[0]), int(among[1])), draw)
        among = wanted - [int((out[chosen] == part).sum()) for part in (VALID, TEST)]
    return out


def with_shares(parts: Parts, cluster: Ints, sizes: tuple[int, int], draw: np.random.Generator) -> Parts:
    """Whole clusters moved until the parts have their sizes, or as near as clusters allow."""
    cluster_sizes = np.bincount(cluster)
    of_cluster = np.empty(len(cluster_sizes), np.int8)
    of_cluster[cluster] = parts
    order = draw.permutation(len(cluster_sizes))
    wanted = {VALID: sizes[0], TEST: sizes[1]}
    for source, targets in ((VALID, (TRAIN,)), (TEST, (TRAIN,)), (TRAIN, (TEST, VALID))):
        for target in targets:
            limited, sign = (source, 1) if target == TRAIN else (target, -1)
            room = sign * (int(cluster_sizes[of_cluster == limited].sum()) - wanted[limited])
            for number in order[of_cluster[order] == source].tolist():
                if room <= 0:
                    break
                if cluster_sizes[number] <= room:
                    of_cluster[number] = target
                    room -= int(cluster_sizes[number])
    return of_cluster[cluster]


def by_time(times: npt.NDArray[np.float64], sizes: tuple[int, int]) -> Parts:
    """The newest posts are the test, those before them the validation; a post without a time (NaN) is dropped."""
    timed = np.flatnonzero(~np.isnan(times))
    order = timed[np.argsort(times[timed], kind="stable")]
    parts = np.full(len(times), DROPPED, np.int8)
    parts[order] = TRAIN
    valid, test = sizes
    parts[order[len(order) - test - valid :]] = VALID
    parts[order[len(order) - test :]] = TEST
    return parts


def without_leaks(parts: Parts, similarities: Sequence[Similarity]) -> Parts:
    """Validation posts that are like a training post are dropped, then test posts that are like one of either."""
    out = parts.copy()
    for part in (VALID, TEST):
        for similarity in similarities:
            out[similarity.touched(by=out < part, among=out == part)] = DROPPED
    return out


def without_sources(parts: Parts, similarities: Sequence[Similarity]) -> Parts:
    """Validation posts that are like a test post are dropped, then training posts that are like one of either."""
    out = parts.copy()
    for part in (VALID, TRAIN):
        later = (out > part) & (out != DROPPED)
        for similarity in similarities:
            out[similarity.touched(by=later, among=out == part)] = DROPPED
    return out


def with_unseen_labels(
    labels: Sequence[Sequence[str]],
    cluster: Ints,
    sizes: tuple[int, int],
    unseen_share: float,
    draw: np.random.Generator,
) -> tuple[Parts, Mask]:
    """Parts in which `unseen_share` of the labels of validation and test posts are those of no training post.

    Labels are held out whole: every cluster with one goes to the part. What fills the part up takes no label's last
    training post with it. Also which posts have a label that was held out.
    """
    taking = _Taking(labels, cluster, sizes, unseen_share)
    known = sorted(taking.clusters_with)
    for at in draw.permutation(len(known)).tolist():
        taking.hold_out(known[at])
    for number in draw.permutation(len(taking.posts_of)).tolist():
        taking.fill_up(number)
    holding = np.array([not taking.held.isdisjoint(post_labels) for post_labels in labels], bool)
    return taking.part_of[cluster], holding


class _Taking:
    """Clusters on their way from training, where all begin, to validation and test, which are served alike."""

    def __init__(
        self, labels: Sequence[Sequence[str]], cluster: Ints, sizes: tuple[int, int], unseen_share: float
    ) -> None:
        self.posts_of: list[list[int]] = [[] for _ in range(int(cluster.max(initial=-1)) + 1)]
        for post, number in enumerate(cluster.tolist()):
            self.posts_of[number].append(post)
        self.labels_of = [Counter(label for post in posts for label in labels[post]) for posts in self.posts_of]
        self.clusters_with: dict[str, list[int]] = {}
        for number, counts in enumerate(self.labels_of):
            for label in counts:
                self.clusters_with.setdefault(label, []).append(number)
        self.trained = _total(self.labels_of)
        self.part_of = np.full(len(self.posts_of), TRAIN, np.int8)
        self.held: set[str] = set()
        per_post = sum(self.trained.values()) / max(1, len(labels))
        self._sizes = {VALID: sizes[0], TEST: sizes[1]}
        self._room = dict(self._sizes)
        self._wanted = {part: unseen_share * size * per_post for part, size in self._sizes.items()}
        self._unseen = dict.fromkeys(self._sizes, 0)

    def hold_out(self, label: str) -> None:
        """Keep a label from training, for the part that is farther behind, or for the other where it does not fit."""
        group = self.clusters_with[label]
        if any(self.part_of[number] != TRAIN for number in group):
            return
        leaving = _total([self.labels_of[number] for number in group])
        gone = {other for other, count in leaving.items() if count == self.trained[other]}
        if any(self.part_of[number] != TRAIN for other in gone for number in self.clusters_with[other]):
            return  # it would turn labels of the other part unseen
        more = sum(leaving[other] for other in gone)
        posts = sum(len(self.posts_of[number]) for number in group)
        for part in sorted(self._wanted, key=lambda part: self._unseen[part] / max(self._wanted[part], 1e-9)):
            unseen, wanted = self._unseen[part], self._wanted[part]
            if unseen < wanted and unseen + more <= max(1.1 * wanted, wanted + 1) and posts <= self._room[part]:
                self.part_of[group] = part
                self.trained -= leaving
                self.held |= gone
                self._unseen[part] += more
                self._room[part] -= posts
                return

    def fill_up(self, number: int) -> None:
        """Take a cluster whose labels training has elsewhere too, for the part that lacks more of its posts."""
        counts, posts = self.labels_of[number], len(self.posts_of[number])
        part = max(self._room, key=lambda part: self._room[part] / max(1, self._sizes[part]))
        fits = self.part_of[number] == TRAIN and posts <= self._room[part]
        if fits and all(self.trained[label] > count for label, count in counts.items()):
            self.part_of[number] = part
            self.trained -= counts
            self._room[part] -= posts


def _total(counters: Sequence[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total
