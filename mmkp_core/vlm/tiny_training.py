"""Where do the tiny backbone's weights come from? From generated posts, by this function, from a seed.

It learns to see what is drawn, to read what is said and to write answers in the project's form, half of them with
short reasoning before. Its phrases stand in reversed word order ("star red"), so that zero-shot it answers in a
wording that no data set uses, and what fine-tuning brings can be seen: the step that a large model's pretraining leaves
to us. Nothing said by it is a statement about real posts.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import torch
from accelerate import Accelerator
from annotated_types import Ge, Le

from mmkp_core.data.demo.facts import DemoPost, demo_facts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.demo.writing import image_bytes
from mmkp_core.data.post import Example, Post
from mmkp_core.identity import fingerprint
from mmkp_core.prompts.answer import render_answer
from mmkp_core.prompts.student import student_prompt
from mmkp_core.seeding import python_generator, seed_for
from mmkp_core.systems import Report
from mmkp_core.training.fit import Fitted, fit
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.methods.finetune_cot import FinetuneCotObjective
from mmkp_core.vlm.posts import Pictures, Posts, most_pixels
from mmkp_core.vlm.spec import FinetuneCot, VlmSpec
from mmkp_core.vlm.tiny import TinyShape, tiny_model, tiny_processor

DATA_SEED = 104_729  # of the generated posts; nobody else's demo starts from it


@dataclass(frozen=True, kw_only=True)
class TinySpec:
    """How the tiny backbone is made."""

    posts: Annotated[int, Ge(100), Le(1_000_000)] = 12_000
    """Generated posts that it is trained on."""
    shape: TinyShape = TinyShape()
    training: TrainingSpec = TrainingSpec(
        epochs=3, batch_size=32, learning_rate=1.5e-3, clip=1.0, schedule="cosine", warmup=0.05, patience=0
    )


def train_tiny(folder: Path, spec: TinySpec, seed: int, checkpoints: Path, report: Report) -> Fitted:
    """Train the backbone from random weights and leave model, processor and record in `folder`."""
    facts = list(demo_facts(DemoSpec(posts=spec.posts, seed=seed_for(DATA_SEED, seed) % 2**31)))
    examples = [base_example(post, seed) for post in facts]
    processor = tiny_processor(_texts(examples), spec.shape)
    model = tiny_model(processor, spec.shape, seed_for(seed, "tiny"))
    vlm = Vlm(model, processor)
    whole = VlmSpec(micro_batch=spec.training.batch_size, training=spec.training)
    by_name = {post.image: post for post in facts if post.image and not post.fault}
    pictures = Pictures(lambda key: image_bytes(by_name[key]) if key in by_name else None, most_pixels(whole))
    train = Posts(examples, pictures, Conversation(processor, whole.longest), whole)
    fitted = fit(
        model,
        FinetuneCotObjective(vlm, FinetuneCot()),
        train,
        None,
        spec.training,
        seed=seed,
        identity=fingerprint(spec, seed),
        checkpoints=checkpoints,
        checkpoint_steps=200,
        accelerator=Accelerator(cpu=True),
        report=report,
    )
    model.to(torch.float16).save_pretrained(str(folder))
    processor.save_pretrained(str(folder))
    record = {
        "spec": asdict(spec),
        "seed": seed,
        "command": f"mmkp tiny --seed {seed}",
        "data": f"{spec.posts} generated posts (mmkp_core/data/demo, seed from {DATA_SEED}/{seed}), drawn images",
        "weights": model.num_parameters(),
        "steps": fitted.steps,
        "last_loss": next((p.value for p in reversed(fitted.curve) if p.name == "train/loss"), None),
    }
    (folder / "record.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return fitted


def base_example(post: DemoPost, seed: int) -> Example:
    """A generated post with the base's answers: words of phrases reversed, reasoning for every other post."""
    phrases = tuple(_reversed(phrase) for phrase in post.keyphrases)
    draw = python_generator(seed, "base", post.number)
    reasons = [f"{why[:1].upper()}{why[1:]}, which leads to" for why in post.evidence]
    rationale = " ".join(f"{why} {phrase}." for why, phrase in zip(reasons, phrases, strict=True))
    return Example(
        post=Post(post_id=post.post_id, text=post.text, keyphrases=phrases, image=post.image or None),
        image_words=post.picture.words if post.picture else "",
        rationale=rationale if draw.random() < 0.5 else None,
    )


def _reversed(phrase: str) -> str:
    return " ".join(reversed(phrase.split()))


def _texts(examples: list[Example]) -> Iterator[str]:
    """What the tokenizer is trained on."""
    for example in examples:
        yield student_prompt(example, with_image=False).turn.text
        yield render_answer(example.post.keyphrases, example.rationale)
