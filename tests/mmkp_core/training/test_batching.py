import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.training.batching import balanced_shares, ordered_batches, training_batches


@given(st.lists(st.integers(1, 90), min_size=1, max_size=300), st.integers(1, 20), st.integers(1, 3))
def test_every_sample_stands_in_exactly_one_batch(lengths: list[int], batch_size: int, epoch: int) -> None:
    batches = training_batches(np.array(lengths), batch_size, seed=1, epoch=epoch)

    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // batch_size)
    assert all(len(batch) <= batch_size for batch in batches)


def test_balanced_classes_are_drawn_as_often_as_one_another() -> None:
    classes = [["common"]] * 90 + [["rare"]] * 9 + [["rare", "once"]]
    shares = balanced_shares(classes)
    assert shares.tolist() == pytest.approx([1 / 270] * 90 + [1 / 30] * 9 + [1 / 30 + 1 / 3])

    drawn = [
        index
        for epoch in range(1, 201)
        for batch in training_batches(np.ones(100, dtype=np.int64), 8, seed=0, epoch=epoch, shares=shares)
        for index in batch
    ]
    assert len(drawn) == 200 * 100
    assert sum(index < 90 for index in drawn) / len(drawn) == pytest.approx(1 / 3, abs=0.02)
    assert sum(index == 99 for index in drawn) / len(drawn) == pytest.approx(1 / 30 + 1 / 3, abs=0.02)


def test_batches_hold_posts_of_nearly_one_length() -> None:
    lengths = np.random.default_rng(0).integers(2, 88, 3200)

    def filling(batches: list[np.ndarray]) -> float:
        return float(lengths.sum() / sum(lengths[batch].max() * len(batch) for batch in batches))

    at_random = np.split(np.random.default_rng(1).permutation(3200), 50)
    assert filling(at_random) < 0.6
    assert filling(training_batches(lengths, 64, seed=0, epoch=1)) > 0.95


def test_the_seed_and_the_epoch_decide_and_nothing_else() -> None:
    lengths = np.arange(1, 101)

    def order(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in training_batches(lengths, 8, seed, epoch)]

    np.random.default_rng(3).random()  # other draws do not matter
    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_validation_goes_from_short_to_long() -> None:
    batches = ordered_batches(np.array([5, 1, 4, 2]), 3)

    assert [batch.tolist() for batch in batches] == [[1, 3, 2], [0]]
