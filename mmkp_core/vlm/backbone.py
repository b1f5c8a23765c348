"""Loads a backbone and puts the adapter that is trained on it.

Any vision-language model that `transformers` opens by its auto classes; weights are safetensors, and no code that
comes with them is run. The adapter sits on the linear layers of the language model: they are found in the model's own
tree, since every family names them in its own way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import AutoModelForImageTextToText, AutoProcessor

from mmkp_core.errors import Mismatch, Unavailable
from mmkp_core.vlm.settings import TINY, TINY_WEIGHTS, LoraSpec
from mmkp_core.vlm.tokens import AnsweredPrompts, Prompts, with_answers


@dataclass(frozen=True, slots=True)
class Vlm:
    """A loaded model with its processor."""

    model: Any
    """A `PreTrainedModel`, or a `PeftModel` around one."""
    processor: Any

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.model.parameters()).device
        return device

    def pixels(self, pictures: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Pictures in the model's own kind of numbers."""
        kind = self.model.dtype
        return {name: value.to(kind) if value.is_floating_point() else value for name, value in pictures.items()}

    def encode_images(self, pictures: Mapping[str, Tensor]) -> dict[str, Any]:
        """What the vision tower makes of the pictures, as an input; once for all answers to the same posts."""
        if not pictures:
            return {}
        inputs = self.pixels(pictures)
        encoded = self.model.get_image_features(**inputs, return_dict=True)
        # The grid says how many slots lie in a row, which the positions need.
        grid = {name: value for name, value in inputs.items() if not value.is_floating_point()}
        return {"mm_encoder_outputs": {"image": encoded}, **grid}

    def answer_losses(
        self, model: nn.Module, prompts: Prompts, answers: Sequence[Sequence[int]], images: Mapping[str, Any]
    ) -> tuple[Tensor, Tensor]:
        """Of each post, the summed loss of its answer's tokens, and how many they are.

        `model` is this one, or what runs it on several devices; `images` are its pictures, encoded.
        """
        return losses_of(model, with_answers(prompts, answers).to(self.device), images)

    def losses_without_dropout(
        self, model: nn.Module, prompts: Prompts, answers: Sequence[Sequence[int]], images: Mapping[str, Any]
    ) -> tuple[Tensor, Tensor]:
        """The same without a gradient, and without drawing a random number."""
        training = [module for module in model.modules() if module.training]
        model.eval()
        with torch.no_grad():
            losses = self.answer_losses(model, prompts, answers, images)
        for module in training:
            module.training = True
        return losses


def load_backbone(name: str, revision: str, *, device: torch.device, dtype: torch.dtype, download: bool) -> Vlm:
    """Weights and processor; from the hub only where `download` is allowed and nothing is cached."""
    source = str(TINY_WEIGHTS) if name == TINY else name
    if name == TINY and not (TINY_WEIGHTS / "model.safetensors").is_file():
        raise Unavailable(
            f"the tiny backbone's weights are missing; make them with `mmkp tiny --output {TINY_WEIGHTS}`"
        )
    if source.startswith((".", "/", "~")) and not Path(source).is_dir():
        raise Unavailable(f"backbone = {name!r}: there is no such folder")
    where: dict[str, Any] = {"local_files_only": not download, "trust_remote_code": False}
    if revision and name != TINY and not Path(name).is_dir():
        where["revision"] = revision
    try:
        processor = AutoProcessor.from_pretrained(source, **where)  # type: ignore[no-untyped-call]
        model: Any = AutoModelForImageTextToText.from_pretrained(source, dtype=dtype, use_safetensors=True, **where)
    except OSError as problem:  # what transformers raises for a name, file or network that is not there
        raise Unavailable(
            f"the weights of {name!r} are not on this machine ({str(problem).splitlines()[0][:200]}); "
            f"fetch them with `hf download {name}`, or set `backbone` to their folder, or to {TINY!r}"
        ) from problem
    return Vlm(model.to(device).eval(), processor)


def with_new_adapter(vlm: Vlm, lora: LoraSpec, seed: int) -> Vlm:
    """A fresh adapter, which changes nothing yet, on a frozen model."""
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        lora_dropout=lora.dropout,
        target_modules=language_linears(vlm.model),
        bias="none",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Vlm(get_peft_model(vlm.model, config), vlm.processor)


def with_saved_adapter(vlm: Vlm, folder: Path) -> Vlm:
    return Vlm(PeftModel.from_pretrained(vlm.model, str(folder)).eval(), vlm.processor)


def language_linears(model: Any) -> list[str]:
    """Names of the language model's linear layers; the output head and the vision tower are not among them."""
    decoder = model.get_decoder()
    inside = {id(module) for module in decoder.modules()}
    head = model.get_output_embeddings()
    found = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and id(module) in inside and module is not head
    ]
    if not found:
        raise Mismatch(f"{type(model).__name__} has no linear layers in its language model; choose another backbone")
    return found


def losses_of(model: nn.Module, batch: AnsweredPrompts, images: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Of each post, the summed loss of its answer's tokens, and how many they are."""
    logits_BLV = model(**batch.inputs, **images, logits_to_keep=batch.kept, use_cache=False).logits
    target_BL = batch.inputs["input_ids"][:, -batch.kept + 1 :]
    counts_BL = batch.loss_BL[:, -batch.kept + 1 :]
    losses_BL = nn.functional.cross_entropy(logits_BLV[:, :-1].float().transpose(1, 2), target_BL, reduction="none")
    return (losses_BL * counts_BL).sum(dim=1), counts_BL.sum(dim=1)
