"""The learner of ensembles: it trains every member, then learns to rank what they bring."""

from pathlib import Path

from mmkp_core.ensemble.members import learner_of
from mmkp_core.ensemble.spec import EnsembleSpec
from mmkp_core.errors import WrongInput
from mmkp_core.identity import fingerprint
from mmkp_core.learning import Declaration, Learned, LearningData, Predictor, Report


class EnsembleLearner:
    """Fulfils `learning.Learner`."""

    version = 1

    def declare(self, spec: EnsembleSpec) -> Declaration:
        """What any member reads or needs."""
        names = [member.name for member in spec.members]
        if len(names) < 2 or len(set(names)) < len(names):
            raise WrongInput("an ensemble has at least two members, each with a name of its own")
        declared = [learner_of(member).declare(member.system) for member in spec.members]
        extractors = {kind for one in declared for kind in one.reads if kind.startswith("features/")}
        if len(extractors) > 1:
            raise WrongInput(
                f"the members read the vectors of {len(extractors)} extractors; let them read those of one"
            )
        return Declaration(
            own_words=any(one.own_words for one in declared),
            reads=tuple(dict.fromkeys(kind for one in declared for kind in one.reads)),
            needs=tuple(dict.fromkeys(need for one in declared for need in one.needs)),
        )

    def weights(self, spec: EnsembleSpec) -> str:
        found = [learner_of(member).weights(member.system) for member in spec.members]
        return fingerprint(found) if any(found) else ""

    def fit(
        self, spec: EnsembleSpec, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report
    ) -> Learned:
        from mmkp_core.ensemble.training import train

        return train(spec, data, seed, model, checkpoints, report)

    def load(self, model: Path) -> Predictor:
        from mmkp_core.ensemble.predictor import EnsemblePredictor

        return EnsemblePredictor(model)
