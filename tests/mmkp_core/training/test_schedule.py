import pytest

from mmkp_core.training.schedule import learning_rate
from mmkp_core.training.spec import TrainingSpec


def test_a_constant_rate_stays() -> None:
    spec = TrainingSpec(learning_rate=0.5, schedule="constant")

    assert [learning_rate(spec, step, 10, halvings=3) for step in (0, 9)] == [0.5, 0.5]


def test_each_halving_halves() -> None:
    spec = TrainingSpec(learning_rate=0.8, schedule="halve_on_plateau")

    assert [learning_rate(spec, 5, 10, halvings) for halvings in (0, 1, 3)] == pytest.approx([0.8, 0.4, 0.1])


def test_the_cosine_falls_from_the_full_rate_through_half_to_nearly_nothing() -> None:
    spec = TrainingSpec(learning_rate=1.0, schedule="cosine")

    rates = [learning_rate(spec, step, 100, 0) for step in (0, 50, 99)]
    assert rates == pytest.approx([1.0, 0.5, 0.000247], abs=1e-6)  # (1 + cos(0.99 pi)) / 2


def test_warmup_rises_in_even_steps_and_then_the_schedule_starts() -> None:
    spec = TrainingSpec(learning_rate=1.0, schedule="cosine", warmup=0.4)

    rates = [learning_rate(spec, step, 10, 0) for step in range(6)]
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert rates[5] < 1.0
