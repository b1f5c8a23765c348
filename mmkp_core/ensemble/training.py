"""Training an ensemble: each member on the training posts, the ranking on the validation posts."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mmkp_core.data.text import normal_form
from mmkp_core.ensemble.candidates import candidates, label_counts
from mmkp_core.ensemble.folder import TrainedEnsemble, member_folder, save_ensemble
from mmkp_core.ensemble.members import learner_of
from mmkp_core.ensemble.ranking import learn_ranking
from mmkp_core.ensemble.spec import EnsembleSpec, MemberSpec
from mmkp_core.errors import WrongInput
from mmkp_core.learning import Learned, LearningData, PredictionData, Progress, Report
from mmkp_core.seeding import seed_for


def train(spec: EnsembleSpec, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
    if not data.valid:
        raise WrongInput("an ensemble learns its ranking from validation posts, and this split has none: give it some")
    learned: dict[str, Learned] = {}
    brought = []
    given = PredictionData(data.valid, data.features, data.images)
    for number, member in enumerate(spec.members):
        told = _told(report, member, number, len(spec.members))
        learner, folder = learner_of(member), member_folder(model, member.name)
        folder.mkdir(parents=True, exist_ok=True)
        work = checkpoints / member.name
        learned[member.name] = learner.fit(member.system, data, seed_for(seed, member.name), folder, work, told)
        brought.append(next(iter(learner.load(folder).predict(given, lambda progress: None).values())))
    counts = label_counts(data.train)
    found = candidates(data.valid, brought, counts)
    gold = [set(map(normal_form, example.post.keyphrases)) for example in data.valid]
    pairs = zip(found.phrase_N, found.post_N, strict=True)
    right_N = np.array([normal_form(phrase) in gold[post] for phrase, post in pairs], dtype=np.bool_)
    if right_N.all() or not right_N.any():
        raise WrongInput("the members are right about all validation posts or about none: no ranking can be learned")
    save_ensemble(model, TrainedEnsemble(spec, counts, learn_ranking(found.features_NF, right_N, spec.shrink)))
    figures = {f"{name}_{key}": value for name, one in learned.items() for key, value in one.counts.items()}
    return Learned(
        curve=tuple(replace(p, name=f"{name}/{p.name}") for name, one in learned.items() for p in one.curve),
        epochs=sum(one.epochs for one in learned.values()),
        parameters=sum(one.parameters for one in learned.values()) + found.features_NF.shape[1] + 1,
        counts={
            "train_posts": max(one.counts["train_posts"] for one in learned.values()),
            "valid_posts": len(data.valid),
            "valid_candidates": len(right_N),
            "valid_candidates_right": int(right_N.sum()),
            **figures,
        },
        device=next((one.device for one in learned.values() if one.device != "cpu"), "cpu"),
    )


def _told(report: Report, member: MemberSpec, number: int, members: int) -> Report:
    """Progress of one member as progress of the whole; every member counts alike."""
    parts = 1000

    def told(progress: Progress) -> None:
        share = progress.done / progress.total if progress.total else 1.0
        note = f"{member.name}, {progress.note}" if progress.note else member.name
        report(Progress(number * parts + int(parts * share), members * parts, note))

    return told
