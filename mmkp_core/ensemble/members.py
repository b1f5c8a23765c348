"""Which learner trains a member of an ensemble."""

from collections.abc import Mapping
from typing import Any

from mmkp_core.classic.learner import ClassicLearner
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.ensemble.spec import MemberSpec
from mmkp_core.learning import Learner
from mmkp_core.reference.learner import ReferenceLearner
from mmkp_core.reference.spec import ReferenceSpec

_LEARNERS: Mapping[type[Any], type[Learner]] = {ClassicSpec: ClassicLearner, ReferenceSpec: ReferenceLearner}


def learner_of(member: MemberSpec) -> Learner:
    return _LEARNERS[type(member.system)]()
