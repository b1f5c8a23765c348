"""The reference lines, loaded: the commonest keyphrases, those of similar posts, or those that a post mentions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmkp_core.data.neighbours import neighbourhood
from mmkp_core.data.post import Example, Prediction
from mmkp_core.learning import PredictionData, Predictor, Progress, Report
from mmkp_core.reference.model import ReferenceModel, load_model, words_of


class FrequentPredictor:
    """The commonest keyphrases, for every post; each has its count as its score."""

    def __init__(self, model: ReferenceModel) -> None:
        self._votes = {label: float(count) for label, count in _commonest(model)}

    def predict(self, data: PredictionData, report: Report) -> Mapping[str, list[Prediction]]:
        report(Progress(len(data.examples), len(data.examples)))
        return {"phrases": [_prediction(example, self._votes, len(self._votes)) for example in data.examples]}


class NeighbourPredictor:
    """Each of the nearest posts gives its cosine to each of its keyphrases; the commonest stand in where few vote."""

    def __init__(self, model: ReferenceModel) -> None:
        self._spec = model.spec
        self._labels = model.labels
        self._fallback = [label for label, _ in _commonest(model)]
        self._neighbourhood = neighbourhood(model.texts)

    def predict(self, data: PredictionData, report: Report) -> Mapping[str, list[Prediction]]:
        words = [words_of(example, self._spec) for example in data.examples]
        votes = map(self._votes, self._neighbourhood.nearest(words, self._spec.neighbours))
        predictions = [_prediction(e, given, self._spec.keep) for e, given in zip(data.examples, votes, strict=True)]
        report(Progress(len(predictions), len(predictions)))
        return {"phrases": predictions}

    def _votes(self, nearest: list[tuple[int, float]]) -> dict[str, float]:
        given: dict[str, float] = {}
        for post, cosine in nearest:
            for label in self._labels[post]:
                given[label] = given.get(label, 0.0) + cosine
        return given | {label: 0.0 for label in self._fallback if label not in given}


class MentionPredictor:
    """Training keyphrases that stand in the post; the commonest stand in where it mentions few.

    A keyphrase's score is how often it was one where a training post mentioned it, one more mention being counted as
    a miss: what was mentioned once and was right is less sure than what was right ten times of ten.
    """

    def __init__(self, model: ReferenceModel) -> None:
        self._spec = model.spec
        self._fallback = [label for label, _ in _commonest(model)]
        known = {tuple(label.split()) for labels in model.labels for label in labels}
        self._longest = max(map(len, known))
        self._score = dict.fromkeys((" ".join(words) for words in known), 0.0)
        mentions, hits = Counter[str](), Counter[str]()
        for words, labels in zip(model.texts, model.labels, strict=True):
            mentioned = self._mentioned(words)
            mentions.update(mentioned)
            hits.update(mentioned & set(labels))
        self._score = {label: hits[label] / (mentions[label] + 1) for label in self._score}

    def predict(self, data: PredictionData, report: Report) -> Mapping[str, list[Prediction]]:
        predictions = []
        for example in data.examples:
            found = {label: self._score[label] for label in sorted(self._mentioned(words_of(example, self._spec)))}
            votes = found | {label: 0.0 for label in self._fallback if label not in found}
            predictions.append(_prediction(example, votes, self._spec.keep))
        report(Progress(len(predictions), len(predictions)))
        return {"phrases": predictions}

    def _mentioned(self, words: Sequence[str]) -> set[str]:
        runs = (words[at : at + size] for at in range(len(words)) for size in range(1, self._longest + 1))
        return {label for run in runs if (label := " ".join(run)) in self._score}


def load_predictor(folder: Path) -> Predictor:
    model = load_model(folder)
    match model.spec.method:
        case "frequent":
            return FrequentPredictor(model)
        case "neighbours":
            return NeighbourPredictor(model)
        case "mentioned":
            return MentionPredictor(model)


def _commonest(model: ReferenceModel) -> list[tuple[str, int]]:
    return Counter(label for labels in model.labels for label in labels).most_common(model.spec.keep)


def _prediction(example: Example, votes: Mapping[str, float], keep: int) -> Prediction:
    best = sorted(votes.items(), key=lambda vote: -vote[1])[:keep]
    return Prediction(example.post.post_id, tuple(label for label, _ in best), tuple(score for _, score in best))
