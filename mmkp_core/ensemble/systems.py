"""The ensembles of the table of systems.

A writer has what neighbours lack, and the other way round: it writes what stands in the text, they know the hashtags of
a topic that the text does not name.
"""

from dataclasses import replace

from mmkp_core.classic.spec import DecodeSpec
from mmkp_core.classic.systems import NEIGHBOUR_COPY
from mmkp_core.ensemble.spec import EnsembleSpec, MemberSpec
from mmkp_core.learning import System
from mmkp_core.reference.spec import ReferenceSpec

ENSEMBLE_SYSTEMS: tuple[System, ...] = (
    System(
        id="ensemble",
        title="NEIGHBOUR-COPY, neighbours and mentions, ranked together",
        family="ensemble",
        kind="text, ensemble",
        paper="",
        spec=EnsembleSpec(
            members=(
                MemberSpec(name="neighbour-copy", system=replace(NEIGHBOUR_COPY, decoding=DecodeSpec(keep=10))),
                MemberSpec(name="tfidf", system=ReferenceSpec(method="neighbours", keep=20)),
                MemberSpec(name="mentioned", system=ReferenceSpec(method="mentioned", keep=20)),
            )
        ),
    ),
)
