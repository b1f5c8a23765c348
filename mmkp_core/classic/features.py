"""The image features that a classic system is given, held against those that its network expects."""

from mmkp_core.classic.declaration import shown_image
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import ImageFeatures
from mmkp_core.errors import Mismatch, WrongInput


def given_features(spec: ClassicSpec, features: ImageFeatures | None) -> ImageFeatures | None:
    """The features where the system reads them; without them it cannot."""
    if shown_image(spec) is None:
        return None
    if features is None:
        raise WrongInput("this system reads images: compute image features first (enrich), or choose a text system")
    return features


def cell_numbers(features: ImageFeatures | None) -> int:
    """Numbers per cell; 1 where none are read or they are withheld, and one masked cell of zeros stands in."""
    return 1 if features is None else features.numbers


def require_numbers(trained: int, features: ImageFeatures | None) -> None:
    if features is not None and features.numbers != trained:
        raise Mismatch(
            f"the run was trained on image features of {trained} numbers a cell, these have {features.numbers}; "
            "compute the features that it was trained with"
        )


def without_image(keys: list[str | None], features: ImageFeatures) -> int:
    """How many posts have no vectors."""
    return sum(key not in features.rows for key in keys)
