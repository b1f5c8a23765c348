"""The learner of the reference lines; it keeps the training posts, and what is heavy is loaded when it is needed."""

from pathlib import Path
from typing import Any

from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration, Learned, Learner, LearningData, Predictor, Progress, Report
from mmkp_core.reference.model import ReferenceModel, labels_of, save_model, words_of
from mmkp_core.reference.spec import ReferenceSpec


class ReferenceLearner(Learner):
    version = 1

    def declare(self, spec: Any) -> Declaration:
        """The commonest keyphrases are the same for every post, whatever stands in its image."""
        spec = _own(spec)
        asks = spec.method != "frequent"
        return Declaration(own_words=asks, reads=("ocr",) if asks and spec.image_words else ())

    def weights(self, spec: Any) -> str:
        return ""

    def fit(self, spec: Any, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
        spec = _own(spec)
        posts = [(words_of(example, spec), labels) for example in data.train if (labels := labels_of(example))]
        if not posts:
            raise WrongInput("no training post has a keyphrase; there is nothing to answer with")
        save_model(model, ReferenceModel(spec, [words for words, _ in posts], [labels for _, labels in posts]))
        report(Progress(len(posts), len(posts)))
        classes = {label for _, labels in posts for label in labels}
        return Learned((), counts={"train_posts": len(posts), "classes": len(classes)})

    def load(self, model: Path) -> Predictor:
        from mmkp_core.reference.predictor import load_predictor  # loads scipy

        return load_predictor(model)


def _own(spec: Any) -> ReferenceSpec:
    if not isinstance(spec, ReferenceSpec):
        raise WrongInput(f"a reference line is built from a ReferenceSpec, not from {type(spec).__name__}")
    return spec
