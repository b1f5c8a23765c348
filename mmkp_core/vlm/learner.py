"""How is a vision-language system trained to a folder, and how does it predict from one?

The folder holds the spec and the adapter, as `peft` saves it; the backbone stays where it is. A zero-shot system's
folder holds its spec alone.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from mmkp_core.data.post import Example, ImageFeatures, Prediction, Written
from mmkp_core.errors import Damaged, WrongInput
from mmkp_core.identity import fingerprint
from mmkp_core.seeding import seed_for
from mmkp_core.learning import Images, Learned, LearningData, Report
from mmkp_core.training.fit import fit
from mmkp_core.training.objective import Objective
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.vlm.backbone import Vlm, load_backbone, with_new_adapter, with_saved_adapter
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.generate import Said, generate
from mmkp_core.vlm.methods.dynamic_cot import DynamicCotObjective
from mmkp_core.vlm.methods.finetune_cot import FinetuneCotObjective
from mmkp_core.vlm.methods.sft import SftObjective
from mmkp_core.vlm.posts import Pictures, Pieces, Posts, ask, most_pixels, shown
from mmkp_core.vlm.spec import (
    DynamicCot,
    FinetuneCot,
    GenerationSpec,
    LoraSpec,
    Method,
    Sft,
    VlmSpec,
    ZeroShot,
)
from mmkp_core.vlm.weights import weights_identity

VLM_VERSION = 1  # raise it when the same spec and posts lead to other weights or answers

CHECKPOINT_STEPS = 200
PRETRAINED = 50_000_000
"""Weights from which a backbone is none that was made for tests."""


@dataclass(frozen=True)
class VlmLearner:
    """`Learner` of the vision-language family."""

    device: str = "auto"
    """`auto` takes a GPU where there is one; what was taken stands in the run's facts."""
    download: bool = False
    """Whether weights that are not on this machine may be fetched from the hub."""
    clock: Callable[[], float] = time.perf_counter

    def fit(self, spec: Any, data: LearningData, seed: int, model: Path, checkpoints: Path, report: Report) -> Learned:
        if not isinstance(spec, VlmSpec):
            raise WrongInput(f"a vision-language system is built from a VlmSpec, not from {type(spec).__name__}")
        model.mkdir(parents=True, exist_ok=True)
        (model / "spec.json").write_text(json.dumps(spec_to_json(spec), indent=1), encoding="utf-8")
        if isinstance(spec.method, ZeroShot):
            return Learned((), {"trained_weights": 0})
        accelerator = _accelerator(self.device, spec)
        backbone = self._backbone(spec, accelerator.device)
        _refuse_tinys_step_size(backbone.model, spec)
        student = with_new_adapter(backbone, spec.lora, seed_for(seed, "adapter"))
        conversation = Conversation(student.processor, spec.longest)
        pictures = Pictures(data.images if spec.modalities != "text" else None, most_pixels(spec))
        train = Posts(data.train, pictures, conversation, spec)
        if not len(train):
            raise WrongInput("no training post has keyphrases to learn; choose other training data")
        if isinstance(spec.method, FinetuneCot | DynamicCot) and not train.reasoned:
            raise WrongInput(
                f"{spec.method.method} learns from rationales and no training post has one; run the teacher first "
                "(`mmkp teach`), or train `sft`"
            )
        fitted = fit(
            student.model,
            objective_of(student, spec),
            train,
            None,  # validation posts have no rationale: their loss must not choose weights for some methods only
            spec.training,
            seed=seed,
            identity=_identity(spec, seed, data.train),
            checkpoints=checkpoints,
            checkpoint_steps=CHECKPOINT_STEPS,
            accelerator=accelerator,
            report=report,
        )
        student.model.save_pretrained(str(model / "adapter"), save_embedding_layers=False)
        return Learned(fitted.curve, _facts(student.model, train, pictures, accelerator.device))

    def predict(
        self,
        model: Path,
        examples: Sequence[Example],
        features: ImageFeatures | None,
        report: Report,
        images: Images | None = None,
    ) -> Mapping[str, list[Prediction]]:
        """`features` are not looked at: this family sees the pictures themselves."""
        spec = saved_spec(model)
        student = self._backbone(spec, _device(self.device))
        if not isinstance(spec.method, ZeroShot):
            student = with_saved_adapter(student, model / "adapter")
        conversation = Conversation(student.processor, spec.longest)
        pictures = Pictures(images if spec.modalities != "text" else None, most_pixels(spec))
        said = generate(
            student,
            conversation,
            [partial(ask, example, pictures, spec) for example in examples],
            conversation.prompt_lengths([shown(example, spec, with_image=False) for example in examples]),
            spec.generation,
            self.clock,
            report,
        )
        return {"phrases": [_prediction(example, one) for example, one in zip(examples, said, strict=True)]}

    def _backbone(self, spec: VlmSpec, device: torch.device) -> Vlm:
        dtype = torch.bfloat16 if spec.training.precision == "bf16" else torch.float32
        return load_backbone(spec.backbone, spec.revision, device=device, dtype=dtype, download=self.download)


def objective_of(student: Vlm, spec: VlmSpec) -> Objective[Pieces]:
    """The method's objective: the only place that asks which method it is."""
    match spec.method:
        case Sft():
            return SftObjective(student, spec.method)
        case FinetuneCot():
            return FinetuneCotObjective(student, spec.method)
        case DynamicCot():
            return DynamicCotObjective(student, spec.method)
        case ZeroShot():
            raise WrongInput("zero-shot is not trained")


_METHODS: Mapping[str, type[Method]] = {
    "zero-shot": ZeroShot,
    "sft": Sft,
    "finetune-cot": FinetuneCot,
    "dynamic-cot": DynamicCot,
}


def spec_to_json(spec: VlmSpec) -> dict[str, Any]:
    return asdict(spec)


def spec_from_json(raw: Mapping[str, Any]) -> VlmSpec:
    """The spec whose `spec_to_json` this is."""
    method = _METHODS[raw["method"]["method"]](**raw["method"])
    return VlmSpec(
        **{
            **raw,
            "method": method,
            "lora": LoraSpec(**raw["lora"]),
            "training": TrainingSpec(**raw["training"]),
            "generation": GenerationSpec(**raw["generation"]),
        }
    )


def saved_spec(model: Path) -> VlmSpec:
    try:
        return spec_from_json(json.loads((model / "spec.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Damaged(f"{model / 'spec.json'} is no spec of a vision-language run ({problem}); train anew") from problem


def _identity(spec: VlmSpec, seed: int, train: Sequence[Example]) -> str:
    posts = [
        (e.post.post_id, e.post.text, e.post.keyphrases, e.post.image, e.image_words, e.attributes, e.entities,
         e.rationale)
        for e in train
    ]  # fmt: skip
    return fingerprint(VLM_VERSION, spec, weights_identity(spec), seed, posts)


def _refuse_tinys_step_size(model: nn.Module, spec: VlmSpec) -> None:
    """The settings' defaults are those of the tiny backbone; a pretrained model would be lost to hours of training."""
    weights = sum(p.numel() for p in model.parameters())
    if weights > PRETRAINED and spec.training.learning_rate > 1e-3:
        raise WrongInput(
            f"training.learning_rate = {spec.training.learning_rate} is made for the tiny backbone; "
            f"{spec.backbone} has {weights:,} weights, give it something like 2e-4"
        )


def _device(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _accelerator(name: str, spec: VlmSpec) -> Accelerator:
    return Accelerator(
        cpu=_device(name).type == "cpu", mixed_precision="bf16" if spec.training.precision == "bf16" else "no"
    )


def _facts(model: nn.Module, train: Posts, pictures: Pictures, device: torch.device) -> dict[str, Any]:
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return {
        "trained_weights": trained,
        "frozen_weights": sum(p.numel() for p in model.parameters()) - trained,
        "posts": len(train),
        "posts_left_out": train.left_out,
        "posts_with_rationale": train.reasoned,
        "posts_shortened": len(train.cut),
        "images_missing": sum(why == "no bytes" for why in pictures.missing.values()),
        "images_unreadable": sum(why != "no bytes" for why in pictures.missing.values()),
        "device": str(device),
    }


def _prediction(example: Example, said: Said) -> Prediction:
    written = Written(
        text=said.text, reasoning=said.answer.reasoning, tokens=said.tokens, steps=said.steps, seconds=said.seconds
    )
    return Prediction(example.post.post_id, said.answer.phrases, written=written)
