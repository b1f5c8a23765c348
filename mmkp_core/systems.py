"""The table of systems: every published system of the field is one row here, and every family has its learner.

Nothing is read out of a system's name.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.ensemble.systems import ENSEMBLE_SYSTEMS
from mmkp_core.errors import UnknownName
from mmkp_core.learning import Declaration, Learner, System
from mmkp_core.reference.systems import REFERENCE_SYSTEMS
from mmkp_core.vlm.systems import VLM_SYSTEMS

_ROWS = (*REFERENCE_SYSTEMS, *CLASSIC_SYSTEMS, *ENSEMBLE_SYSTEMS, *VLM_SYSTEMS)
SYSTEMS: Mapping[str, System] = {system.id: system for system in _ROWS}
"""By id, in the order of the table."""

LEARNERS: Mapping[str, str] = {
    "reference": "mmkp_core.reference.learner:ReferenceLearner",
    "classic": "mmkp_core.classic.learner:ClassicLearner",
    "ensemble": "mmkp_core.ensemble.learner:EnsembleLearner",
    "vlm": "mmkp_core.vlm.learner:VlmLearner",
}


def find_system(name: str) -> System:
    if name not in SYSTEMS:
        raise UnknownName("system", name, SYSTEMS, "`mmkp systems` lists them all.")
    return SYSTEMS[name]


def learner(family: str) -> Learner:
    """The learner of a family."""
    module, _, name = LEARNERS[family].partition(":")
    made: Learner = getattr(importlib.import_module(module), name)()
    return made


def declared(system: str, spec: Any) -> Declaration:
    """What a system reads, needs and answers with as `spec` sets it."""
    return learner(find_system(system).family).declare(spec)
