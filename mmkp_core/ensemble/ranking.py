"""A ranking of candidates: the logarithm of the odds that one is right, linear in what is known of it.

It is a logistic regression with weights held near zero, fitted by Newton's method: one answer, with nothing drawn at
random. Axes: N candidates, F features.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
MOST_STEPS = 100
SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class Ranking:
    mean_F: Floats
    deviation_F: Floats
    weight_F: Floats
    bias: float

    def log_odds(self, features_NF: Floats) -> Floats:
        odds: Floats = (features_NF - self.mean_F) / self.deviation_F @ self.weight_F + self.bias
        return odds


def learn_ranking(features_NF: Floats, right_N: npt.NDArray[np.bool_], shrink: float) -> Ranking:
    """Features are standardised first; of the weights only the bias is not shrunk."""
    mean_F, deviation_F = features_NF.mean(0), features_NF.std(0)
    deviation_F = np.where(deviation_F < 1e-9, 1.0, deviation_F)
    x = np.column_stack([(features_NF - mean_F) / deviation_F, np.ones(len(features_NF))])
    shrunk = np.diag([shrink] * features_NF.shape[1] + [1e-6])
    weights = np.zeros(x.shape[1])
    for _ in range(MOST_STEPS):
        chance_N = 1 / (1 + np.exp(-(x @ weights).clip(-500, 500)))
        gradient = x.T @ (chance_N - right_N) + shrunk @ weights
        curvature = (x * (chance_N * (1 - chance_N))[:, None]).T @ x + shrunk
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < SETTLED:
            break
    return Ranking(mean_F, deviation_F, weights[:-1], float(weights[-1]))
