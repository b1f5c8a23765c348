"""An ensemble, loaded: what its members bring, ranked together."""

from collections.abc import Mapping
from pathlib import Path

from mmkp_core.data.post import Prediction
from mmkp_core.ensemble.candidates import candidates
from mmkp_core.ensemble.folder import load_ensemble, member_folder
from mmkp_core.ensemble.members import learner_of
from mmkp_core.learning import PredictionData, Progress, Report


class EnsemblePredictor:
    """Fulfils `learning.Predictor`. A phrase's score is the logarithm of the odds that it is right."""

    def __init__(self, folder: Path) -> None:
        self._trained = load_ensemble(folder)
        members = self._trained.spec.members
        self._members = [learner_of(member).load(member_folder(folder, member.name)) for member in members]

    def predict(self, data: PredictionData, report: Report) -> Mapping[str, list[Prediction]]:
        trained, posts = self._trained, len(data.examples)
        brought = []
        for number, member in enumerate(self._members):
            brought.append(next(iter(member.predict(data, lambda progress: None).values())))
            report(Progress(posts * (number + 1) // len(self._members), posts))
        found = candidates(data.examples, brought, trained.counts)
        ranked: list[list[tuple[float, str]]] = [[] for _ in data.examples]
        if found.phrase_N:
            odds_N = trained.ranking.log_odds(found.features_NF).tolist()
            for post, phrase, odds in zip(found.post_N, found.phrase_N, odds_N, strict=True):
                ranked[post].append((odds, phrase))
        best = [sorted(post, key=lambda pair: -pair[0])[: trained.spec.keep] for post in ranked]
        return {
            "phrases": [
                Prediction(example.post.post_id, tuple(p for _, p in post), tuple(odds for odds, _ in post))
                for example, post in zip(data.examples, best, strict=True)
            ]
        }
