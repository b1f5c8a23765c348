"""The reference lines of the table of systems."""

from mmkp_core.learning import System
from mmkp_core.reference.spec import ReferenceSpec

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
    System(
        id="mentioned",
        title="Keyphrases that the post mentions",
        family="reference",
        kind="reference line",
        paper="",
        spec=ReferenceSpec(method="mentioned"),
    ),
)
