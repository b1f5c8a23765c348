"""The slices of phrases and posts over which scores are taken apart.

`present` and `absent` ask whether the phrase stands in the source, `seen` and `unseen` whether it is a label of the
training posts. Gold and guesses are cut by the same test, and a post without gold in a slice stays out of its
average, so present and absent together count more posts than there are. `kind:...` cuts only the gold: a guess has
no kind, so only recall is asked there. `leaked` and `not leaked` are whole posts: those of which a duplicate or
near-duplicate was trained on, and the others.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mmkp_core.evaluation.judging import Flags, Judged

KIND = "kind:"
LEAKED, NOT_LEAKED = "leaked", "not leaked"
ORDER = ("all", "present", "absent", "seen", "unseen", LEAKED, NOT_LEAKED)
"""Kinds follow, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    name: str
    gold: Flags
    guesses: Flags
    right: Flags
    """Which guesses are hits here."""
    recall_only: bool = False


def slices(judged: Judged) -> Iterator[Slice]:
    """Every slice that these posts allow; seen and unseen only where the training labels are known."""
    gold, guesses, right = judged.gold, judged.guesses, judged.right
    every_guess = np.ones(len(guesses.row), dtype=bool)
    yield Slice("all", np.ones(len(gold.row), dtype=bool), every_guess, right)
    yield Slice("present", gold.present, guesses.present, right)
    yield Slice("absent", ~gold.present, ~guesses.present, right)
    if gold.seen is not None and guesses.seen is not None:
        yield Slice("seen", gold.seen, guesses.seen, right)
        yield Slice("unseen", ~gold.seen, ~guesses.seen, right)
    if judged.leaked is not None and judged.leaked.any():
        for name, posts in ((LEAKED, judged.leaked), (NOT_LEAKED, ~judged.leaked)):
            yield Slice(name, posts[gold.row], posts[guesses.row], right)
    for kind, (of_kind, hits_kind) in judged.kinds.items():
        yield Slice(KIND + kind, of_kind, every_guess, right & hits_kind, recall_only=True)


def in_order(names: Iterable[str]) -> list[str]:
    """Names of slices in the order in which they are scored and shown."""
    return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
