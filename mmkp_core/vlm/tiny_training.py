"""Trains the tiny backbone from random weights on generated posts.

It learns to see what is drawn, to read what is written and to write answers in the project's form, half of them with
short reasoning before. Its phrases stand in reversed word order ("star red"), so that zero-shot it answers in a
wording that no data set uses, and what fine-tuning brings can be seen: the step that a large model's pretraining leaves
to us. No answer of it is a statement about real posts.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
from accelerate import Accelerator
from annotated_types import Ge, Le

from mmkp_core.data.demo import words
from mmkp_core.data.demo.facts import START, DemoPost, Kind, Picture, demo_facts
from mmkp_core.data.demo.spec import DemoSpec
from mmkp_core.data.demo.writing import image_bytes
from mmkp_core.data.post import Example, Post
from mmkp_core.identity import fingerprint
from mmkp_core.learning import Report
from mmkp_core.prompts.answer import render_answer
from mmkp_core.prompts.student import student_prompt
from mmkp_core.seeding import python_generator, seed_for
from mmkp_core.spec import dump, spec
from mmkp_core.training.fit import fit
from mmkp_core.training.spec import TrainingSpec
from mmkp_core.vision.attributes import AttributeSpec
from mmkp_core.vision.measured_attributes import measure
from mmkp_core.vlm.backbone import Vlm
from mmkp_core.vlm.conversation import Conversation
from mmkp_core.vlm.methods.finetune_cot import FinetuneCot, FinetuneCotObjective
from mmkp_core.vlm.samples import VlmSamples
from mmkp_core.vlm.shown import pictures_for
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.tiny import TinyShape, tiny_model, tiny_processor

DATA_SEED = 104_729  # of the generated posts; nobody else's demo starts from it


@spec
class TinySpec:
    """How the tiny backbone is made.

    Half of the posts are drills that show one thing: a drawn icon, three words of a topic, a quotation. With whole
    posts alone, 1,125 steps left shapes at chance; with drills first and posts later, quoting came too late.
    """

    drills: Annotated[int, Ge(1), Le(1_000_000)] = 12_000
    """Short posts that show one thing each."""
    posts: Annotated[int, Ge(1), Le(1_000_000)] = 12_000
    """Generated posts as the demo has them."""
    shape: TinyShape = TinyShape()
    training: TrainingSpec = TrainingSpec(
        epochs=2, batch_size=32, learning_rate=1.5e-3, clip=1.0, schedule="cosine", warmup=0.05, patience=0
    )


def train_tiny(folder: Path, spec: TinySpec, seed: int, checkpoints: Path, report: Report) -> None:
    """Train the backbone from random weights and leave model, processor and record in `folder`."""
    posts = list(demo_facts(DemoSpec(posts=spec.posts, seed=seed_for(DATA_SEED, seed) % 2**31)))
    posts += drill_posts(spec.drills, seed)
    drawn = {post.image: image_bytes(post) for post in posts if post.image and not post.fault}
    examples = [base_example(post, seed, drawn.get(post.image)) for post in posts]
    processor = tiny_processor(_texts(examples), spec.shape)
    model = tiny_model(processor, spec.shape, seed_for(seed, "tiny"))
    whole = VlmSpec(micro_batch=spec.training.batch_size, image_words=True, visual_words=True)
    fitted = fit(
        model,
        FinetuneCotObjective(Vlm(model, processor), FinetuneCot()),
        VlmSamples(examples, pictures_for(whole, drawn.get), Conversation(processor, whole.longest), whole),
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
        "spec": dump(spec),
        "seed": seed,
        "command": f"mmkp tiny --seed {seed}",
        "data": f"{spec.drills} drills and {spec.posts} generated posts (mmkp_core/data/demo), seed {DATA_SEED}/{seed}",
        "weights": model.num_parameters(),
        "steps": fitted.steps,
        "last_loss": next(point.value for point in reversed(fitted.curve) if point.name == "train/loss"),
    }
    (folder / "record.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def drill_posts(count: int, seed: int) -> Iterator[DemoPost]:
    """Of every four, two show an icon and say nothing, one says words of a topic, and one says or shows a phrase."""
    for number in range(count):
        draw = python_generator(seed, "drill", number)
        text, picture = "", None
        kind: Kind = "icon"
        match number % 4:
            case 0 | 1:
                shape, colour = draw.choice(words.SHAPES), draw.choice(tuple(words.COLOURS))
                picture, phrase = Picture("icon", shape, colour, variant=f"drill-{seed}-{number}"), f"{colour} {shape}"
            case 2:
                phrase, kind = draw.choice(tuple(words.TOPICS)), "topic"
                text = " ".join(draw.sample(words.TOPICS[phrase], 3))
            case 3 if draw.random() < 0.6:
                phrase, kind = draw.choice(words.TEXT_LABELS), "text"
                text = draw.choice(words.ABOUT_TEXT).format(p=phrase)
            case _:
                phrase, kind = draw.choice(words.SLOGANS), "slogan"
                picture = Picture("slogan", words=phrase, variant=f"drill-{seed}-{number}")
        yield DemoPost(
            number=number,
            post_id=f"drill-{number}",
            text=text,
            keyphrases=(phrase,),
            kinds=(kind,),
            evidence=("",),
            picture=picture,
            image=picture.file_name if picture else "",
            created_at=START,
            lang="en",
        )


def base_example(post: DemoPost, seed: int, image: bytes | None) -> Example:
    """A generated post with the base's answers: words of phrases reversed, for every other post after reasoning.

    Attributes are measured as `enrich` does, and left away from some posts: a user may have none.
    """
    phrases = tuple(_reversed(phrase) for phrase in post.keyphrases)
    draw = python_generator(seed, "base", post.number)
    reasons = [f"{why[:1].upper()}{why[1:]}, which leads to" for why in post.evidence]
    rationale = " ".join(f"{why} {phrase}." for why, phrase in zip(reasons, phrases, strict=True))
    attributes = measure(post.image, image, AttributeSpec()).words if image and draw.random() < 0.7 else ()
    return Example(
        post=Post(post_id=post.post_id, text=post.text, keyphrases=phrases, image=post.image or None),
        attributes=attributes,
        image_words=post.picture.words if post.picture else "",
        rationale=rationale if all(post.evidence) and draw.random() < 0.5 else None,
    )


def _reversed(phrase: str) -> str:
    return " ".join(reversed(phrase.split()))


def _texts(examples: list[Example]) -> Iterator[str]:
    """What the tokenizer is trained on."""
    for example in examples:
        yield student_prompt(example, with_image=False).turn.text
        yield render_answer(example.post.keyphrases, example.rationale)
