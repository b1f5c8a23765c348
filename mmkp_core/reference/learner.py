"""What do the reference lines answer?

A model folder holds the training posts' words and keyphrases: `model.json`. Everything else is counted on loading,
which takes less than reading it would.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mmkp_core.data.post import Example, ImageFeatures, Prediction
from mmkp_core.data.text import tokens
from mmkp_core.errors import WrongInput
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.learning import Images, Learned, LearningData, Progress, Report


class ReferenceLearner:
    """Fulfils `systems.Learner`."""

    def fit(
        self, spec: ReferenceSpec, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report
    ) -> Learned:
        posts = [(_words(example, spec), labels) for example in data.train if (labels := _labels(example))]
        if not posts:
            raise WrongInput("no training post has a keyphrase; there is nothing to answer with")
        model.mkdir(parents=True, exist_ok=True)
        kept = {"spec": asdict(spec), "texts": [words for words, _ in posts], "labels": [labels for _, labels in posts]}
        (model / "model.json").write_text(json.dumps(kept), encoding="ascii")
        report(Progress(len(posts), len(posts)))
        counted = {label for _, labels in posts for label in labels}
        return Learned((), {"train_posts": len(posts), "classes": len(counted)})

    def predict(
        self,
        model: Path,
        examples: Sequence[Example],
        features: ImageFeatures | None,
        report: Report,
        images: Images | None = None,
    ) -> dict[str, list[Prediction]]:
        kept = json.loads((model / "model.json").read_text(encoding="ascii"))
        spec = ReferenceSpec(**kept["spec"])
        frequency = Counter(label for labels in kept["labels"] for label in labels)
        match spec.method:
            case "frequent":
                votes = [{label: float(count) for label, count in frequency.most_common(spec.keep)}] * len(examples)
            case "neighbours":
                votes = _votes(spec, kept["texts"], kept["labels"], frequency, examples)
        report(Progress(len(examples), len(examples)))
        return {"phrases": [_prediction(e, given, spec.keep) for e, given in zip(examples, votes, strict=True)]}


def _votes(
    spec: ReferenceSpec,
    texts: Sequence[Sequence[str]],
    labels: Sequence[Sequence[str]],
    frequency: Counter[str],
    examples: Sequence[Example],
) -> list[dict[str, float]]:
    """Each neighbour gives its cosine to each of its keyphrases; the commonest keyphrases stand in where few vote."""
    from mmkp_core.reference.neighbours import neighbourhood  # loads scipy

    fallback = [label for label, _ in frequency.most_common(spec.keep)]
    votes = []
    asked = [_words(example, spec) for example in examples]
    for nearest in neighbourhood(texts).nearest(asked, spec.neighbours):
        given: dict[str, float] = {}
        for post, cosine in nearest:
            for label in labels[post]:
                given[label] = given.get(label, 0.0) + cosine
        votes.append(given | {label: 0.0 for label in fallback if label not in given})
    return votes


def _prediction(example: Example, votes: dict[str, float], keep: int) -> Prediction:
    best = sorted(votes.items(), key=lambda vote: -vote[1])[:keep]
    return Prediction(example.post.post_id, tuple(label for label, _ in best), tuple(score for _, score in best))


def _words(example: Example, spec: ReferenceSpec) -> list[str]:
    return tokens(f"{example.post.text} {example.image_words if spec.image_words else ''}".lower())


def _labels(example: Example) -> list[str]:
    distinct = dict.fromkeys(" ".join(tokens(keyphrase.lower())) for keyphrase in example.post.keyphrases)
    return [label for label in distinct if label]
