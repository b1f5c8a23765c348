"""How do posts come to the loop? As prompts with their answers' tokens, in pieces that go through the model at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from mmkp_core.data.post import Example, Post
from mmkp_core.prompts.answer import render_answer
from mmkp_core.prompts.student import StudentPrompt, student_prompt
from mmkp_core.learning import Images
from mmkp_core.training.batching import Indices
from mmkp_core.vision.decoding import Undecodable, decode
from mmkp_core.vlm.conversation import Ask, Conversation, Prompts
from mmkp_core.vlm.spec import TINY, VlmSpec
from mmkp_core.vlm.tiny import TinyShape

WIDEST = 20.0  # a picture's longer side over its shorter; vision towers refuse strips of 200
GRAIN = (
    16  # tokens; sorted to the token, batches of near-equal posts gather one kind of post, and learn it over the others
)
CACHED_BYTES = 128_000_000  # of decoded pictures kept between epochs


@dataclass(frozen=True, slots=True)
class Piece:
    """Posts that go through the model together, with both answers that each can be taught."""

    prompts: Prompts
    bare: tuple[Sequence[int], ...]
    """Of each post, the tokens of its answer alone."""
    reasoned: tuple[Sequence[int], ...]
    """Of each post, the tokens of rationale and answer; empty where there is no rationale."""
    rationale_tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pieces:
    """One step's posts."""

    pieces: tuple[Piece, ...]

    def to(self, device: torch.device) -> "Pieces":
        return Pieces(tuple(replace(piece, prompts=piece.prompts.to(device)) for piece in self.pieces))


class Pictures:
    """Decoded pictures by image key, scaled to the spec's bound; a bounded number is kept."""

    def __init__(self, images: Images | None, pixels: int) -> None:
        self._images = images
        self._pixels = pixels
        self._kept: dict[str, Image.Image] = {}
        self._bytes = 0
        self.missing: dict[str, str] = {}
        """Image key -> why there is no picture."""

    def of(self, post: Post) -> Image.Image | None:
        key = post.image_key
        if key is None or key in self.missing:
            return None
        if (kept := self._kept.get(key)) is not None:
            return kept
        data = self._images(key) if self._images else None
        if data is None:
            self.missing[key] = "no bytes"
            return None
        decoded = decode(data, bound=math.isqrt(self._pixels) * 2)
        if isinstance(decoded, Undecodable):
            self.missing[key] = decoded.trouble
            return None
        picture = _scaled(Image.fromarray(decoded.rgb), self._pixels)
        size = picture.width * picture.height * 3
        if self._bytes + size <= CACHED_BYTES:
            self._kept[key] = picture
            self._bytes += size
        return picture


class Posts:
    """The samples of the loop: `Samples` over examples that have something to answer."""

    def __init__(
        self, examples: Sequence[Example], pictures: Pictures, conversation: Conversation, spec: VlmSpec
    ) -> None:
        self._pictures = pictures
        self._conversation = conversation
        self._spec = spec
        bare = conversation.answer_ids([render_answer(example.post.keyphrases) for example in examples])
        fitting = [
            i
            for i, (example, ids) in enumerate(zip(examples, bare, strict=True))
            if example.post.keyphrases and len(ids) <= spec.longest_answer
        ]
        self.left_out = len(examples) - len(fitting)
        """Posts with nothing to answer, or with too much."""
        self._examples = [examples[i] for i in fitting]
        self._bare = [bare[i] for i in fitting]
        self._reasoned = _reasoned(self._examples, conversation, spec.longest_answer)
        self.reasoned = sum(map(bool, self._reasoned))
        """Posts whose rationale can be taught."""
        self.cut: set[str] = set()
        """Ids of posts that lost words to the limit, as far as they have been seen."""
        prompts = [shown(example, spec, with_image=False) for example in self._examples]
        self._lengths = np.array(
            [
                (length + max(len(bare), len(reasoned))) // GRAIN
                for length, bare, reasoned in zip(
                    conversation.prompt_lengths(prompts), self._bare, self._reasoned, strict=True
                )
            ],
            dtype=np.int64,
        )

    def __len__(self) -> int:
        return len(self._examples)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        return self._lengths

    def batch(self, indices: Indices) -> Pieces:
        size = self._spec.micro_batch
        chosen = [int(i) for i in indices]
        return Pieces(tuple(self._piece(chosen[at : at + size]) for at in range(0, len(chosen), size)))

    def names(self, indices: Indices) -> Sequence[str]:
        return [self._examples[int(i)].post.post_id for i in indices]

    def _piece(self, chosen: Sequence[int]) -> Piece:
        asks = [ask(self._examples[i], self._pictures, self._spec) for i in chosen]
        bare = tuple(self._bare[i] for i in chosen)
        reasoned = tuple(self._reasoned[i] for i in chosen)
        room = [max(len(plain), len(long)) for plain, long in zip(bare, reasoned, strict=True)]
        prompts = self._conversation.prompts(asks, room)
        self.cut.update(self._examples[chosen[row]].post.post_id for row in prompts.cut)
        rationale = tuple(max(0, len(long) - len(plain)) for plain, long in zip(bare, reasoned, strict=True))
        return Piece(prompts, bare, reasoned, rationale)


def ask(example: Example, pictures: Pictures, spec: VlmSpec) -> Ask:
    """A post as the spec's modalities show it."""
    picture = pictures.of(example.post) if spec.modalities != "text" else None
    return Ask(shown(example, spec, with_image=picture is not None), picture)


def shown(example: Example, spec: VlmSpec, *, with_image: bool) -> StudentPrompt:
    return student_prompt(_visible(example, spec), spec.language, with_image=with_image)


def most_pixels(spec: VlmSpec) -> int:
    """The tiny backbone scales every picture to its own size; more pixels than that only cost time."""
    return min(spec.image_pixels, TinyShape.pixels**2) if spec.backbone == TINY else spec.image_pixels


def _visible(example: Example, spec: VlmSpec) -> Example:
    """What the student is told in words."""
    if spec.modalities == "text":
        return Example(post=example.post)
    return replace(
        example,
        post=example.post if spec.modalities == "text+image" else replace(example.post, text=""),
        image_words=example.image_words if spec.image_words else "",
        attributes=example.attributes if spec.visual_words else (),
        entities=example.entities if spec.visual_words else (),
    )


def _reasoned(examples: Sequence[Example], conversation: Conversation, longest: int) -> list[Sequence[int]]:
    having = [i for i, example in enumerate(examples) if example.rationale]
    answers = [render_answer(examples[i].post.keyphrases, examples[i].rationale) for i in having]
    found: list[Sequence[int]] = [()] * len(examples)
    for i, ids in zip(having, conversation.answer_ids(answers), strict=True):
        if len(ids) <= longest:
            found[i] = ids
    return found


def _scaled(picture: Image.Image, pixels: int) -> Image.Image:
    """At most `pixels` pixels, and no strip."""
    long, short = max(picture.size), min(picture.size)
    if long > short * WIDEST:
        least = math.ceil(long / WIDEST)
        wider = Image.new("RGB", (max(picture.width, least), max(picture.height, least)))
        wider.paste(picture)
        picture = wider
    scale = math.sqrt(pixels / (picture.width * picture.height))
    if scale >= 1:
        return picture
    size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
