"""The learning rate as a function of how far training is."""

import math

from mmkp_core.training.spec import TrainingSpec

MOST_HALVINGS = 6  # 1e-3 down to 1.6e-5, where the loop that M3H-ATT was released with gives up as well


def learning_rate(spec: TrainingSpec, step: int, steps: int, halvings: int) -> float:
    """The rate of step `step` (from 0) of `steps`, after so many halvings."""
    rising = round(spec.warmup * steps)
    if step < rising:
        return spec.learning_rate * (step + 1) / rising
    match spec.schedule:
        case "constant":
            return spec.learning_rate
        case "halve_on_plateau":
            return spec.learning_rate * 0.5**halvings
        case "cosine":
            along = (step - rising) / max(1, steps - rising)
            return spec.learning_rate * 0.5 * (1 + math.cos(math.pi * along))
