"""A vision-language model small enough to be built and run in a blink, and a few posts to ask it about."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from mmkp_core.data.post import Example, Post
from mmkp_core.prompts.answer import render_answer
from mmkp_core.prompts.student import student_prompt
from mmkp_core.vlm.backbone import Vlm, with_new_adapter
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.micro_batch import MicroBatch, MicroBatches
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.samples import VlmSamples
from mmkp_core.vlm.settings import LoraSpec
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.tiny import TinyShape, tiny_model, tiny_processor

SHAPE = TinyShape(vocabulary=600, width=48, layers=2, vision_width=32, vision_layers=1, heads=2)
COLOURS = ("red", "green", "blue", "yellow")


def picture(colour: str, size: tuple[int, int] = (60, 50)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def post(
    number: int, text: str, phrases: Sequence[str], rationale: str | None = None, image: str | None = None
) -> Example:
    return Example(
        post=Post(post_id=str(number), text=text, keyphrases=tuple(phrases), image=image),
        image_words="hot soup" if number % 2 else "",
        rationale=rationale,
    )


EXAMPLES = [
    post(0, "Look at this one.", ["red star"], "The image shows a red star.", image="red"),
    post(1, "Nothing beats it, my sister said so twice.", ["hot soup", "chess"], image="green"),
    post(2, "No picture here", ["road trip"], "The text says road. The text says trip."),
    post(3, "short", ["blue ring", "book club"], "The image shows a blue ring. Books are meant.", image="blue"),
    post(4, "The last of the five posts!", ["yellow cross"], image="yellow"),
]


def images(key: str) -> bytes | None:
    return picture(key) if key in COLOURS else None


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def processor() -> Any:
    texts = [student_prompt(example, with_image=False).turn.text for example in EXAMPLES]
    texts += [render_answer(example.post.keyphrases, example.rationale) for example in EXAMPLES]
    return tiny_processor(texts * 3, SHAPE)


@dataclass(frozen=True)
class Student:
    """A fresh student, and posts for it to learn."""

    vlm: Vlm
    conversation: Conversation
    spec: VlmSpec

    def batch(self, indices: Sequence[int], micro_batch: int = 16) -> MicroBatches:
        spec = VlmSpec(micro_batch=micro_batch)
        samples = VlmSamples(EXAMPLES, Pictures(images, spec.image_pixels), self.conversation, spec)
        return samples.batch(torch.tensor(list(indices)).numpy())

    def losses(self, part: MicroBatch) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each post the summed loss of its bare answer, and its tokens."""
        images = self.vlm.encode_images(part.prompts.pictures)
        return self.vlm.answer_losses(self.vlm.model, part.prompts, part.bare, images)

    def gradients(self, objective: Any, batch: MicroBatches) -> tuple[dict[str, torch.Tensor], Any]:
        """The summed gradients of one step, and its numbers; random numbers are those of any other call."""
        self.vlm.model.zero_grad(set_to_none=True)
        objective.enter_training(self.vlm.model)
        torch.manual_seed(5)
        numbers = objective.step(self.vlm.model, batch, lambda loss: loss.backward())
        found = {n: p.grad.clone() for n, p in self.vlm.model.named_parameters() if p.grad is not None}
        return found, numbers


@pytest.fixture
def student(processor: Any) -> Student:
    """With an adapter that already changes something, and with dropout."""
    vlm = with_new_adapter(Vlm(tiny_model(processor, SHAPE, seed=1), processor), LoraSpec(rank=4, dropout=0.2), seed=2)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in vlm.model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.3)
    return Student(vlm, Conversation(processor, 1024), VlmSpec())


@pytest.fixture(scope="session")
def backbone_folder(processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backbone")
    tiny_model(processor, SHAPE, seed=1).save_pretrained(str(folder))
    processor.save_pretrained(str(folder))
    return folder


@pytest.fixture
def examples() -> list[Example]:
    return EXAMPLES


@pytest.fixture
def image_bytes() -> Callable[[str], bytes | None]:
    return images
