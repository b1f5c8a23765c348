"""Training a classic system: vocabularies, a network with fresh weights, and its stages one after another."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from torch import Tensor

from mmkp_core.classic.batch import ClassicSamples
from mmkp_core.classic.build import build_model
from mmkp_core.classic.declaration import heads
from mmkp_core.classic.features import cell_numbers, given_features, without_image
from mmkp_core.classic.fields.field import FieldInputs
from mmkp_core.classic.folder import TrainedModel, save_model
from mmkp_core.classic.model import KeyphraseModel
from mmkp_core.classic.parts.stages import OBJECTIVES, HandoverLossSpec, PhraseLossSpec, StageSpec
from mmkp_core.classic.predictor import ClassicPredictor
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.texts import phrases, source_words, vocabularies
from mmkp_core.classic.word_vectors import WordVectors, read_word_vectors
from mmkp_core.data.post import Example, ImageFeatures
from mmkp_core.errors import WrongInput
from mmkp_core.evaluation.judging import judge
from mmkp_core.evaluation.protocols import score
from mmkp_core.identity import fingerprint
from mmkp_core.imports import imported
from mmkp_core.learning import CurvePoint, Learned, LearningData, PredictionData, Progress, Report
from mmkp_core.seeding import generator, seed_for
from mmkp_core.training.fit import fit
from mmkp_core.training.spec import TrainingSpec

FEWEST = 20  # posts; of fewer none are held back to choose epochs by
CHECKPOINT_STEPS = 200  # at the published size 100 s of work on one core, and 300 MB


def train(spec: ClassicSpec, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
    features = given_features(spec, data.features)
    train, valid = ([e for e in part if phrases(e)] for part in (data.train, data.valid))
    if not train:
        raise WrongInput("no training post has a keyphrase; there is nothing to learn from")
    asked, chosen = spec, dict[str, int]()
    if not valid and spec.select != "last" and spec.without_validation == "chosen_epochs" and len(train) >= FEWEST:
        kept, held_back = _held_back(train, seed)
        first = _stages(spec, kept, held_back, features, seed, checkpoints / "choosing")
        first.run(_half(report, 0))
        chosen, report = first.best_epochs(), _half(report, 1)
        spec = replace(spec, select="last", stages=tuple(replace(s, epochs=chosen[s.name]) for s in spec.stages))
    stages = _stages(spec, train, valid, features, seed, checkpoints)
    stages.run(report)
    inputs, network = stages.inputs, stages.network
    if stages.accelerator.is_main_process:
        save_model(model, asked, inputs.known, inputs.cell_numbers, network, stages.kept_writer)
    return Learned(
        curve=tuple(stages.curve),
        epochs=stages.epochs,
        parameters=sum(p.numel() for p in network.parameters()),
        counts=_counts(inputs, stages.valid, data)
        | {"words_with_given_vector": stages.given_vectors}
        | stages.counts
        | {f"{name}_chosen_epochs": epochs for name, epochs in chosen.items()},
        device=str(stages.accelerator.device),
    )


def _held_back(train: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Nine tenths and the rest, drawn at random."""
    order = generator(seed, "held back").permutation(len(train))
    held_back = {int(place) for place in order[: math.ceil(len(train) / 10)]}
    return (
        [e for place, e in enumerate(train) if place not in held_back],
        [e for place, e in enumerate(train) if place in held_back],
    )


def _stages(
    spec: ClassicSpec,
    train: Sequence[Example],
    valid: Sequence[Example],
    features: ImageFeatures | None,
    seed: int,
    checkpoints: Path,
) -> "Stages":
    """Of a network with fresh weights."""
    known, numbers = vocabularies(train, spec, features), cell_numbers(features)
    inputs, valid_inputs = (FieldInputs(part, known, spec, features, numbers) for part in (train, valid))
    vectors = read_word_vectors(Path(spec.word_vectors), known.words, spec.word_size) if spec.word_vectors else {}
    network = _fresh(spec, inputs, vectors, seed)
    return Stages(
        spec=spec,
        network=network,
        # parts that a stage leaves out, or that are frozen in it, get no gradient there
        accelerator=Accelerator(
            mixed_precision="no" if spec.training.precision == "fp32" else "bf16",
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        ),
        samples={"posts": [ClassicSamples(part, network.fields()) for part in (inputs, valid_inputs)]},
        inputs=inputs,
        valid=valid_inputs,
        given_vectors=len(vectors),
        seed=seed,
        identity=fingerprint(spec, seed, _digest(train), _digest(valid), numbers),
        checkpoints=checkpoints,
    )


@dataclass
class Stages:
    """The stages of one training, and what they leave."""

    spec: ClassicSpec
    network: KeyphraseModel
    accelerator: Accelerator
    samples: Mapping[str, Sequence[ClassicSamples]]
    """By the name that a stage has for its data: to train on, and to validate on."""
    inputs: FieldInputs
    valid: FieldInputs
    given_vectors: int
    seed: int
    identity: str
    checkpoints: Path
    curve: list[CurvePoint] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    epochs: int = 0
    kept_writer: dict[str, Tensor] | None = None

    def run(self, report: Report) -> None:
        settings = [stage.settings(self.spec.training) for stage in self.spec.stages]
        steps = [
            training.epochs * math.ceil(len(self.samples[stage.data][0]) / training.batch_size)
            for stage, training in zip(self.spec.stages, settings, strict=True)
        ]
        for number, (stage, training) in enumerate(zip(self.spec.stages, settings, strict=True)):
            self._one(stage, training, _later(report, sum(steps[:number]), sum(steps)))

    def best_epochs(self) -> dict[str, int]:
        """By stage, how long it should have gone on."""
        return {stage.name: max(self.counts[f"{stage.name}_best_epoch"], 1) for stage in self.spec.stages}

    def _one(self, stage: StageSpec, training: TrainingSpec, report: Report) -> None:
        if stage.keeps_writer and self.network.writer is not None:
            self.kept_writer = {k: v.detach().cpu().clone() for k, v in self.network.writer.state_dict().items()}
        self.network.freeze(stage.frozen)
        train, valid = self.samples[stage.data]
        select = self.spec.select
        fitted = fit(
            self.network,
            imported(OBJECTIVES[type(stage.objective)])(stage.objective),
            train,
            None if select == "last" else valid,
            training,
            seed=seed_for(self.seed, stage.name),
            identity=f"{self.identity}/{stage.name}",
            checkpoints=self.checkpoints / stage.name,
            checkpoint_steps=CHECKPOINT_STEPS,
            accelerator=self.accelerator,
            report=report,
            criterion=self._answers_of(stage) if select == "f1" and self._answers_in(stage) else None,
        )
        self.epochs += fitted.epochs
        self.curve += [replace(point, name=f"{stage.name}/{point.name}") for point in fitted.curve]
        self.counts |= {f"{stage.name}_epochs": fitted.epochs, f"{stage.name}_best_epoch": fitted.best_epoch}

    def _answers_in(self, stage: StageSpec) -> bool:
        """Whether what a stage learns answers for posts."""
        waits = isinstance(stage.objective, PhraseLossSpec) and not stage.objective.generation
        return stage.objective.answers and not (waits and self.spec.classifier is None)

    def _answers_of(self, stage: StageSpec) -> Callable[[], float]:
        """How far the answers that a stage learns to give are from right, by the metric that the papers report."""
        network, data = self.network, self.valid
        predictor = ClassicPredictor(TrainedModel(self.spec, data.known, data.cell_numbers, network, network.writer))
        learned = isinstance(stage.objective, HandoverLossSpec)
        head = next(head for head in heads(self.spec) if learned or head != "joint")
        posts = PredictionData(data.examples, data.features)

        def wrong() -> float:
            answers = predictor.predict(posts, lambda progress: None, [head])[head]
            judged = judge([example.post for example in data.examples], answers)
            return -score(judged, "cmkp").slice("all").value("f1@1")

        return wrong


def _fresh(spec: ClassicSpec, train: FieldInputs, vectors: WordVectors, seed: int) -> KeyphraseModel:
    with torch.random.fork_rng():
        torch.manual_seed(seed_for(seed, "weights"))
        network = build_model(spec, train.known, train.cell_numbers)
    for block in network.blocks():
        block.prepare(train)
    with torch.no_grad():
        for number, vector in vectors.items():
            network.embedding.weight[number] = torch.from_numpy(vector)
    return network


def _counts(train: FieldInputs, valid: FieldInputs, data: LearningData) -> dict[str, int]:
    reads = train.spec.reads
    counts = {
        "words": len(train.known.words),
        "classes": len(train.known.classes) - 1,
        "train_posts": len(train.examples),
        "train_posts_without_keyphrases": len(data.train) - len(train.examples),
        "train_posts_cut": sum(len(source_words(e, reads, train.known.tokens)) > reads.longest for e in train.examples),
        "train_pairs": sum(len(found) for found in train.phrases),
        "valid_posts": len(valid.examples),
    }
    for name, part in (("train", train), ("valid", valid)):
        if part.features is not None:
            keys = [example.post.image_key for example in part.examples]
            counts[f"{name}_posts_without_image"] = without_image(keys, part.features)
    return counts


def _digest(examples: Sequence[Example]) -> str:
    return fingerprint(
        [
            (e.post.post_id, e.post.text, e.post.keyphrases, e.post.image_key, e.image_words, e.attributes, e.entities)
            for e in examples
        ]
    )


def _half(report: Report, half: int) -> Report:
    """Progress of the first or the second of two trainings as progress of both."""
    notes = ("choosing epochs", "all posts")
    return lambda progress: report(
        Progress(half * progress.total + progress.done, 2 * progress.total, f"{notes[half]}: {progress.note}")
    )


def _later(report: Report, before: int, total: int) -> Report:
    """Progress of one stage as progress of the whole."""
    return lambda progress: report(Progress(before + progress.done, total, progress.note))
