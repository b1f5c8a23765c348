"""F1@K, MAP@5 and NDCG@5 as each protocol counts them; figures of two protocols never share a table.

|                | cmkp (CMKP, MM-MKP)                | aimkp (AimKP)                     | strict (ours)              |
|----------------|------------------------------------|-----------------------------------|----------------------------|
| repeated guess | dropped, first kept                | kept, holds a rank                | dropped, first kept        |
| repeated gold  | dropped                            | counted by recall                 | dropped                    |
| other guesses  | `<unk>` `,` `.` as a word: dropped | kept                              | empty ones dropped         |
| P@K            | hits / min(K, guesses left)        | hits / K                          | hits / K                   |
| R@K            | hits / gold                        | hits / gold                       | hits / gold                |
| F1@K           | harmonic mean of mean P and mean R | mean of each post's F1            | mean of each post's F1     |
| F1@M           | -                                  | -                                 | all guesses, P = hits / n  |
| MAP@5          | P at the hits / all gold           | P at every rank / min(5, guesses) | P at hits / min(5, gold)   |
| NDCG@5         | ideal: the guesses, best order     | -                                 | ideal: the gold            |

A hit is equality in normal form; nothing counts in part. No answer at all is one wrong, empty guess. `aimkp`'s
MAP@5 rewards short answers and is no average precision; it is what its code computes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mmkp_core.evaluation.judging import Counts, Flags, Judged
from mmkp_core.evaluation.score_table import CUTS, ScoreTable, SliceTable, Values, harmonic, metrics_of
from mmkp_core.evaluation.slices import Slice, slices
from mmkp_core.evaluation.spec import ProtocolName


def score(judged: Judged, protocol: ProtocolName) -> ScoreTable:
    """Every slice that holds at least one gold phrase, under one protocol."""
    tables = {part.name: _PROTOCOLS[protocol](_Slice.of(judged, part, protocol)) for part in slices(judged)}
    return ScoreTable(protocol, judged.post_ids, {name: table for name, table in tables.items() if table.posts})


@dataclass(frozen=True, slots=True, eq=False)
class _Slice:
    """The counts from which every metric of a slice is made."""

    gold: Counts
    """[posts] gold phrases"""
    guesses: Counts
    """[posts] guesses"""
    row: Counts
    """[guesses] post of each guess"""
    rank: Counts
    """[guesses] from 1, among the guesses that count"""
    right: Flags
    hits_so_far: Counts
    """[guesses] hits up to and with this rank"""
    recall_only: bool

    @classmethod
    def of(cls, judged: Judged, part: Slice, protocol: ProtocolName) -> "_Slice":
        guesses, posts = judged.guesses, len(judged.post_ids)
        allowed: dict[ProtocolName, Flags] = {
            "cmkp": guesses.fresh & ~guesses.invalid,
            "aimkp": np.ones_like(guesses.fresh),
            "strict": guesses.fresh & ~guesses.empty,
        }
        counts = part.guesses & allowed[protocol]
        gold = part.gold if protocol == "aimkp" else part.gold & judged.gold.fresh
        row, right = guesses.row[counts], part.right[counts]
        number = np.bincount(row, minlength=posts)
        start = np.cumsum(number) - number
        hits = np.concatenate([[0], np.cumsum(right)])
        return cls(
            gold=np.bincount(judged.gold.row[gold], minlength=posts),
            guesses=number,
            row=row,
            rank=np.arange(1, len(row) + 1) - start[row],
            right=right,
            hits_so_far=hits[1:] - hits[start[row]],
            recall_only=part.recall_only,
        )

    def hits(self, cut: int) -> Counts:
        return np.bincount(self.row[self.right & (self.rank <= cut)], minlength=len(self.gold))

    def total(self, where: Flags, values: Values) -> Values:
        """[posts] sum of `values` over the guesses at `where`"""
        sums: Values = np.bincount(self.row[where], weights=values[where], minlength=len(self.gold)).astype(np.float64)
        return sums

    def table(self, protocol: ProtocolName, columns: Iterator[tuple[str, Values]]) -> SliceTable:
        entered = self.gold > 0
        kept = {
            name: np.where(entered, values, 0.0)
            for name, values in columns
            if not self.recall_only or name.startswith("r@")
        }
        return SliceTable(entered, kept, metrics_of(protocol, kept))


def _cmkp(part: _Slice) -> SliceTable:
    def columns() -> Iterator[tuple[str, Values]]:
        for cut in CUTS:
            yield f"p@{cut}", _share(part.hits(cut), np.minimum(cut, part.guesses))
            yield f"r@{cut}", _share(part.hits(cut), part.gold)
        yield "map@5", _share(_precision_at_hits(part), part.gold)
        yield "ndcg@5", _share(_gain(part), _best_gain(np.bincount(part.row[part.right], minlength=len(part.gold))))

    return part.table("cmkp", columns())


def _aimkp(part: _Slice) -> SliceTable:
    def columns() -> Iterator[tuple[str, Values]]:
        yield from _per_post(part)
        at_rank = part.total(part.rank <= 5, part.hits_so_far / part.rank)
        yield "map@5", _share(at_rank, np.minimum(5, part.guesses))

    return part.table("aimkp", columns())


def _strict(part: _Slice) -> SliceTable:
    def columns() -> Iterator[tuple[str, Values]]:
        yield from _per_post(part)
        hits = np.bincount(part.row[part.right], minlength=len(part.gold))
        yield "f1@m", harmonic(_share(hits, part.guesses), _share(hits, part.gold))
        yield "map@5", _share(_precision_at_hits(part), np.minimum(5, part.gold))
        yield "ndcg@5", _share(_gain(part), _best_gain(part.gold))

    return part.table("strict", columns())


_PROTOCOLS: dict[ProtocolName, Callable[[_Slice], SliceTable]] = {"cmkp": _cmkp, "aimkp": _aimkp, "strict": _strict}


def _per_post(part: _Slice) -> Iterator[tuple[str, Values]]:
    for cut in CUTS:
        precision, recall = part.hits(cut) / cut, _share(part.hits(cut), part.gold)
        yield f"p@{cut}", precision
        yield f"r@{cut}", recall
        yield f"f1@{cut}", harmonic(precision, recall)


def _precision_at_hits(part: _Slice) -> Values:
    return part.total(part.right & (part.rank <= 5), part.hits_so_far / part.rank)


def _gain(part: _Slice) -> Values:
    return part.total(part.right & (part.rank <= 5), 1 / np.log2(part.rank + 1))


def _best_gain(hits: Counts) -> Values:
    """The gain of so many hits on the first ranks."""
    gain: Values = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, 7)))])
    return gain.take(np.minimum(hits, 5))


def _share(part: Counts | Values, whole: Counts | Values) -> Values:
    out: Values = np.zeros(len(part), dtype=np.float64)
    np.divide(part, whole, out=out, where=np.asarray(whole) > 0)
    return out
