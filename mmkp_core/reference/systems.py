"""The reference lines: what can be reached without learning anything."""

from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.learning import System

REFERENCE_SYSTEMS: tuple[System, ...] = (
    System(
        id="frequent",
        title="Most frequent labels",
        family="reference",
        kind="reference line",
        paper="",
        spec=ReferenceSpec(method="frequent"),
    ),
    System(
        id="tfidf",
        title="TF-IDF nearest neighbours",
        family="reference",
        kind="reference line",
        paper="",
        spec=ReferenceSpec(method="neighbours"),
    ),
)
