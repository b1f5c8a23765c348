"""Settings of the training loop that change its result."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from mmkp_core.spec import spec


@spec
class TrainingSpec:
    """How a model is trained; where and on what device is not part of it."""

    epochs: Annotated[int, Ge(1), Le(1000)] = 15
    """The most times that every training post is seen."""
    batch_size: Annotated[int, Ge(1), Le(4096)] = 64
    """Posts a step; a post brings all its keyphrases."""
    sampling: Literal["plain", "class_balanced"] = "plain"
    """Every post once an epoch, or as many posts drawn so that each keyphrase is as likely as any other."""
    learning_rate: Annotated[float, Gt(0), Le(1)] = 1e-3
    """Step size of Adam at its highest."""
    weight_decay: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of the learning rate by which weights shrink at each step (AdamW); 0 is Adam."""
    clip: Annotated[float, Ge(0)] = 5.0
    """Longest gradient; a longer one is scaled down to it. 0: never."""
    schedule: Literal["constant", "halve_on_plateau", "cosine"] = "halve_on_plateau"
    """How the learning rate falls: not at all, by half when validation does not improve, or to zero along a cosine."""
    warmup: Annotated[float, Ge(0), Le(1)] = 0.0
    """Share of all steps over which the learning rate rises from zero."""
    patience: Annotated[int, Ge(0), Le(1000)] = 5
    """Epochs without a better validation figure after which training stops. 0: it never stops early."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Numbers used in the model; bf16 is slower than fp32 on CPUs without instructions for it."""
