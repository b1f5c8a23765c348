"""How is a classic system trained, and how does it predict?"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs

from mmkp_core.classic.batch import ClassicSamples, phrases, vocabularies
from mmkp_core.classic.blocks.decoder import Decoder, Sources
from mmkp_core.classic.build import build_model
from mmkp_core.classic.decode import beam_search
from mmkp_core.classic.folder import TrainedModel, load_model, save_model
from mmkp_core.classic.model import Encoded, KeyphraseModel
from mmkp_core.classic.objectives import HandoverLoss, PhraseLoss
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.data.post import Example, ImageFeatures, Prediction
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.identity import fingerprint
from mmkp_core.seeding import seed_for
from mmkp_core.learning import CurvePoint, Images, Learned, LearningData, Progress, Report
from mmkp_core.training.batching import Indices, ordered_batches
from mmkp_core.training.fit import fit
from mmkp_core.training.objective import Objective
from mmkp_core.training.spec import TrainingSpec

CHECKPOINT_STEPS = 200  # at the published size 100 s of work on one core, and 300 MB
DECODED_AT_ONCE = 48  # posts; with a beam of 10 that many rows fill the matrix products


class ClassicLearner:
    """Fulfils `systems.Learner`."""

    def fit(
        self, spec: ClassicSpec, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report
    ) -> Learned:
        _require_features(spec, data.features)
        train, valid = ([e for e in part if phrases(e)] for part in (data.train, data.valid))
        if not train:
            raise WrongInput("no training post has a keyphrase; there is nothing to learn from")
        known = vocabularies(train, spec)
        cell_size = data.features.matrix.shape[2] if data.features is not None else 1
        with torch.random.fork_rng():
            torch.manual_seed(seed_for(seed, "weights"))
            network = build_model(spec, known, cell_size)
        if data.features is not None and _looks(spec):
            _learn_scale(network, train, data.features)
        train_samples, valid_samples = (ClassicSamples(part, known, spec, data.features) for part in (train, valid))

        phases: list[tuple[str, Objective[Any], TrainingSpec]] = [("phrases", PhraseLoss(), spec.training)]
        if spec.handover != "none":
            phases.append(("handover", HandoverLoss(), spec.handover_training))
        steps = [phase.epochs * -(-len(train) // phase.batch_size) for _, _, phase in phases]
        curve: list[CurvePoint] = []
        facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in network.parameters()),
            "words": len(known.words),
            "classes": len(known.classes) - 1,
            "train_posts": len(train),
            "train_posts_without_keyphrases": len(data.train) - len(train),
            "train_posts_cut": train_samples.cut,
            "train_pairs": sum(len(phrases(example)) for example in train),
            "valid_posts": len(valid),
        }
        if _looks(spec):
            facts["train_posts_without_image"] = _without_image(train, data.features)
            facts["valid_posts_without_image"] = _without_image(valid, data.features)
        accelerator = Accelerator(
            mixed_precision="no" if spec.training.precision == "fp32" else "bf16",
            # the hand-over's share rests in the first phase, the reader in the second
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )
        identity = fingerprint(spec, seed, _digest(train), _digest(valid), cell_size)
        generator = None
        for number, (name, objective, training) in enumerate(phases):
            if name == "handover":
                generator = {key: value.detach().cpu().clone() for key, value in network.decoder.state_dict().items()}
                network.freeze_reader()
            fitted = fit(
                network,
                objective,
                train_samples,
                valid_samples,
                training,
                seed=seed_for(seed, name),
                identity=f"{identity}/{name}",
                checkpoints=checkpoints / name,
                checkpoint_steps=CHECKPOINT_STEPS,
                accelerator=accelerator,
                report=_later(report, sum(steps[:number]), sum(steps)),
            )
            curve += [replace(point, name=f"{name}/{point.name}") for point in fitted.curve]
            facts[f"{name}_epochs"], facts[f"{name}_best_epoch"] = fitted.epochs, fitted.best_epoch
        if accelerator.is_main_process:
            save_model(model, spec, known, cell_size, network, generator)
        return Learned(tuple(curve), facts)

    def predict(
        self,
        model: Path,
        examples: Sequence[Example],
        features: ImageFeatures | None,
        report: Report,
        images: Images | None = None,
    ) -> dict[str, list[Prediction]]:
        trained, device = load_model(model), Accelerator().device
        for part in (trained.network, trained.generator):
            if part is not None:
                part.to(device)
        _require_features(trained.spec, features)
        if features is not None and _looks(trained.spec) and features.matrix.shape[2] != trained.cell_size:
            raise Mismatch(
                f"the run was trained on image features of {trained.cell_size} numbers a cell, "
                f"these have {features.matrix.shape[2]}; compute the features that it was trained with"
            )
        samples = ClassicSamples(examples, trained.known, trained.spec, features)
        predictions: dict[str, dict[int, Prediction]] = {}
        done = 0
        with torch.inference_mode():
            for indices in ordered_batches(samples.lengths, DECODED_AT_ONCE):
                for head, rows in _answers(trained, samples, indices, device).items():
                    predictions.setdefault(head, {}).update(rows)
                done += len(indices)
                report(Progress(done, len(examples)))
        return {head: [rows[i] for i in range(len(examples))] for head, rows in predictions.items()}


def _answers(
    trained: TrainedModel, samples: ClassicSamples, indices: Indices, device: torch.device
) -> dict[str, dict[int, Prediction]]:
    """Predictions by head, and by the number of the sample; the system's own answer first."""
    network, spec = trained.network, trained.spec
    batch = samples.batch(indices).to(device)
    encoded = network.encode(batch)
    ids = samples.names(batch.rows)

    def generated(decoder: Decoder, sources: Sources) -> dict[int, Prediction]:
        found = beam_search(decoder, network.embedding, sources, encoded.start_BH, spec.decoding)
        out = {}
        for place, (row, post) in enumerate(zip(batch.rows.tolist(), found, strict=True)):
            scores: dict[str, float] = {}
            for phrase in post:
                spelled = samples.spelled(row, phrase.words, phrase.looked_at)
                if spelled:
                    scores.setdefault(spelled, phrase.score)
            out[row] = Prediction(ids[place], tuple(scores), tuple(scores.values()))
        return out

    answers: dict[str, dict[int, Prediction]] = {}
    if spec.handover != "none":
        answers["joint"] = generated(network.decoder, network.with_handover(encoded))
    name = "generator" if spec.classifier else "phrases"
    decoder = trained.generator or network.decoder
    read = encoded.sources
    own = decoder.sources(read.text_BLH, read.text_there_BL, read.fused_BH, read.copied_BS)
    answers[name] = generated(decoder, own)
    if encoded.class_logits_BC is not None:
        answers["classifier"] = _classified(trained, encoded, batch.rows, ids)
    return answers


def _classified(trained: TrainedModel, encoded: Encoded, rows: Indices, ids: Sequence[str]) -> dict[int, Prediction]:
    assert encoded.class_logits_BC is not None
    known = encoded.class_logits_BC.log_softmax(-1)[:, 1:]  # class 0 stands for any other phrase
    best = known.topk(min(trained.spec.decoding.keep, known.shape[1]), dim=1)
    labels = trained.known.classes.words
    return {
        row: Prediction(ids[place], tuple(labels[c + 1] for c in classes), tuple(scores))
        for place, (row, classes, scores) in enumerate(
            zip(rows.tolist(), best.indices.tolist(), best.values.tolist(), strict=True)
        )
    }


def _looks(spec: ClassicSpec) -> bool:
    return spec.fusion != "none" and not spec.blind


def _require_features(spec: ClassicSpec, features: ImageFeatures | None) -> None:
    if _looks(spec) and features is None:
        raise WrongInput("this system reads images: compute image features first (enrich), or choose a text system")


def _without_image(examples: Sequence[Example], features: ImageFeatures | None) -> int:
    return sum(features is None or e.post.image_key not in features.rows for e in examples)


def _learn_scale(network: KeyphraseModel, train: Sequence[Example], features: ImageFeatures) -> None:
    """Mean and deviation of each number of a cell over the distinct training images, to standardise by."""
    keys = dict.fromkeys(e.post.image_key for e in train)
    rows = np.array([features.rows[key] for key in keys if key is not None and key in features.rows], dtype=np.int64)
    if not len(rows):
        return
    total = np.zeros(features.matrix.shape[2])
    squares = np.zeros_like(total)
    for start in range(0, len(rows), 1024):  # the matrix may be a memory map larger than memory
        part = features.matrix[rows[start : start + 1024]].astype(np.float64)
        total += part.sum((0, 1))
        squares += (part * part).sum((0, 1))
    count = len(rows) * features.matrix.shape[1]
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    deviation[deviation < 1e-6] = 1.0  # a number that never varies says nothing
    network.image_mean_D.copy_(torch.from_numpy(mean))
    network.image_deviation_D.copy_(torch.from_numpy(deviation))


def _digest(examples: Sequence[Example]) -> str:
    return fingerprint(
        [
            (e.post.post_id, e.post.text, e.post.keyphrases, e.post.image_key, e.image_words, e.attributes, e.entities)
            for e in examples
        ]
    )


def _later(report: Report, before: int, total: int) -> Report:
    """Progress of one phase as progress of the whole."""
    return lambda progress: report(Progress(before + progress.done, total, progress.note))
