import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from mmkp_core.ensemble.ranking import learn_ranking


@pytest.mark.parametrize("shrink", [0.1, 10.0])
def test_the_weights_are_the_lowest_point_of_the_shrunk_likelihood(shrink: float) -> None:
    """The same minimum by a general minimiser, which knows the formula and no derivative of it."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 4)) * [1, 5, 0.1, 2] + [0, 3, 1, -1]
    right = draw.random(200) < 1 / (1 + np.exp(-(x[:, 0] - 0.5 * x[:, 1] + 1)))
    standard = (x - x.mean(0)) / x.std(0)

    def loss(weights: np.ndarray) -> float:
        odds = standard @ weights[:-1] + weights[-1]
        return float(np.logaddexp(0, np.where(right, -odds, odds)).sum() + shrink / 2 * (weights[:-1] ** 2).sum())

    theirs = minimize(loss, np.zeros(5), tol=1e-12).x
    ours = learn_ranking(x, right, shrink)

    np.testing.assert_allclose(ours.weight_F, theirs[:-1], atol=1e-4)
    np.testing.assert_allclose(ours.log_odds(x), standard @ theirs[:-1] + theirs[-1], atol=1e-3)


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_at_the_weights_found_the_gradient_is_nothing(seed: int, features: int) -> None:
    """The formula, candidate by candidate: sum of (chance - right) x + shrink w = 0."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(30, features))
    right = np.arange(30) % 2 == 0
    ranking = learn_ranking(x, right, 2.0)
    gradient = 2.0 * ranking.weight_F
    for row, is_right in zip(x, right, strict=True):
        chance = 1 / (1 + np.exp(-ranking.log_odds(row[None])[0]))
        gradient = gradient + (chance - is_right) * (row - x.mean(0)) / x.std(0)

    np.testing.assert_allclose(gradient, 0, atol=1e-6)


def test_what_separates_right_from_wrong_completely_still_has_finite_weights() -> None:
    x = np.array([[-1.0], [-1.0], [1.0], [1.0]])
    ranking = learn_ranking(x, np.array([False, False, True, True]), 0.01)

    assert np.isfinite(ranking.weight_F).all()
    assert (ranking.log_odds(x) > 0).tolist() == [False, False, True, True]


def test_a_feature_that_never_varies_weighs_nothing() -> None:
    x = np.array([[7.0, 0.0], [7.0, 1.0], [7.0, 0.0], [7.0, 1.0]])
    ranking = learn_ranking(x, np.array([False, True, True, True]), 1.0)

    assert ranking.weight_F[0] == 0
    assert ranking.weight_F[1] > 0
