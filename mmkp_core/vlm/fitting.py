"""Trains the adapter of a vision-language system by its method."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from mmkp_core.data.post import Example
from mmkp_core.errors import WrongInput
from mmkp_core.identity import fingerprint
from mmkp_core.learning import Learned, LearningData, Report
from mmkp_core.seeding import seed_for
from mmkp_core.training.fit import Fitted, fit
from mmkp_core.vlm.backbone import with_new_adapter
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.folder import ADAPTER
from mmkp_core.vlm.loading import chosen_device, open_backbone
from mmkp_core.vlm.methods.table import row_of
from mmkp_core.vlm.objective import MethodObjective
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.samples import VlmSamples
from mmkp_core.vlm.shown import pictures_for
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.weights import weights_identity

CHECKPOINT_STEPS = 200
PRETRAINED = 50_000_000
"""Weights from which a backbone is none that was made for tests."""


def fit_adapter(
    spec: VlmSpec,
    objective: Callable[[Any, Any], MethodObjective],
    data: LearningData,
    seed: int,
    model: Path,
    checkpoints: Path,
    report: Report,
    *,
    device: str,
    download: bool,
) -> Learned:
    """Train an adapter on the spec's backbone and leave it in the folder `model`."""
    accelerator = _accelerator(device, spec)
    backbone = open_backbone(spec, accelerator.device, download=download)
    _refuse_tinys_step_size(backbone.model, spec)
    student = with_new_adapter(backbone, spec.lora, seed_for(seed, "adapter"))
    pictures = pictures_for(spec, data.images)
    train = VlmSamples(data.train, pictures, Conversation(student.processor, spec.longest), spec)
    _require_something_to_learn(train, spec)
    fitted = fit(
        student.model,
        objective(student, spec.method),
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
    student.model.save_pretrained(str(model / ADAPTER), save_embedding_layers=False)
    return _learned(fitted, student.model, train, pictures, accelerator.device)


def _accelerator(device: str, spec: VlmSpec) -> Accelerator:
    return Accelerator(
        cpu=chosen_device(device).type == "cpu", mixed_precision="bf16" if spec.training.precision == "bf16" else "no"
    )


def _refuse_tinys_step_size(model: nn.Module, spec: VlmSpec) -> None:
    """The settings' defaults are those of the tiny backbone; a pretrained model would be lost to hours of training."""
    weights = sum(p.numel() for p in model.parameters())
    if weights > PRETRAINED and spec.training.learning_rate > 1e-3:
        raise WrongInput(
            f"training.learning_rate = {spec.training.learning_rate} is made for the tiny backbone; "
            f"{spec.backbone} has {weights:,} weights, give it something like 2e-4"
        )


def _require_something_to_learn(train: VlmSamples, spec: VlmSpec) -> None:
    if not len(train):
        raise WrongInput("no training post has keyphrases to learn; choose other training data")
    if row_of(spec.method).rationales and not train.with_rationale:
        raise WrongInput(
            f"{spec.method.method} learns from rationales and no training post has one; run the teacher first "
            "(`mmkp teach`), or train `sft`"
        )


def _identity(spec: VlmSpec, seed: int, train: Sequence[Example]) -> str:
    """What a checkpoint has to agree with before training goes on from it."""
    posts = [
        (e.post.post_id, e.post.text, e.post.keyphrases, e.post.image, e.image_words, e.attributes, e.entities,
         e.rationale)
        for e in train
    ]  # fmt: skip
    return fingerprint(spec, weights_identity(spec.backbone, spec.revision), seed, posts)


def _learned(fitted: Fitted, model: nn.Module, train: VlmSamples, pictures: Pictures, device: torch.device) -> Learned:
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    counts = {
        "frozen_weights": sum(p.numel() for p in model.parameters()) - trained,
        "posts": len(train),
        "posts_left_out": train.left_out,
        "posts_with_rationale": train.with_rationale,
        "posts_shortened": len(train.cut),
        "images_missing": sum(why == "no bytes" for why in pictures.missing.values()),
        "images_unreadable": sum(why != "no bytes" for why in pictures.missing.values()),
    }
    return Learned(fitted.curve, fitted.epochs, trained, counts, str(device))
