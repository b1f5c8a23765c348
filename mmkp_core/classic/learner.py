"""The learner of the classic systems; training and prediction are loaded when they are asked for."""

from pathlib import Path

from mmkp_core.classic.declaration import declaration
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.word_vectors import require_file
from mmkp_core.identity import sha256_of
from mmkp_core.learning import Declaration, Learned, LearningData, Predictor, Report


class ClassicLearner:
    """Fulfils `learning.Learner`."""

    version = 3

    def declare(self, spec: ClassicSpec) -> Declaration:
        return declaration(spec)

    def weights(self, spec: ClassicSpec) -> str:
        return sha256_of(require_file(Path(spec.word_vectors))) if spec.word_vectors else ""

    def fit(
        self, spec: ClassicSpec, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report
    ) -> Learned:
        from mmkp_core.classic.training import train

        return train(spec, data, seed, model, checkpoints, report)

    def load(self, model: Path) -> Predictor:
        from mmkp_core.classic.folder import load_model
        from mmkp_core.classic.predictor import ClassicPredictor

        return ClassicPredictor(load_model(model))
