"""Turns posts, their pictures and their answers into tokens, and marks those that carry loss.

A model's own chat template renders the turn and its own processor puts the picture's slots in. Where the pieces of the
post stand is found by character, counted from the end (the slots before them change the length): a byte-level
tokenizer fuses the last mark of one piece with the line break after it, so lengths of pieces tokenized alone are wrong.
An answer is tokenized by itself and set behind the prompt's tokens, as it stands there when the model writes it;
exactly its tokens carry loss, whatever the tokenizer would have fused. What is too long loses words of the post, never
of the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from PIL.Image import Image
from torch import Tensor

from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.prompts.student import StudentPrompt
from mmkp_core.vlm.tokens import Prompts

PIECES = ("text", "image_words", "seen")  # in the order in which they give way


@dataclass(frozen=True, slots=True)
class ShownPost:
    """One post as a model is shown it."""

    prompt: StudentPrompt
    image: Image | None = None
    """The picture; there exactly when the prompt's turn asks for one."""


class Conversation:
    """Renders posts for one processor; `longest` is the most tokens of a prompt with its answer."""

    def __init__(self, processor: Any, longest: int) -> None:
        self._processor = processor
        self._tokenizer = processor.tokenizer
        self._longest = longest
        probe = {"role": "user", "content": [{"type": "text", "text": "?"}]}
        reply = {"role": "assistant", "content": [{"type": "text", "text": "answer"}]}
        rendered = str(processor.apply_chat_template([probe, reply], tokenize=False))
        self._ending: str = rendered[rendered.rindex("answer") + len("answer") :].strip() or self._tokenizer.eos_token
        bos = self._tokenizer.bos_token
        self._add_special = not (bos and rendered.startswith(bos))

    def prompts(self, posts: Sequence[ShownPost], answer_tokens: Sequence[int]) -> Prompts:
        """`answer_tokens` is the room that each post's longest answer needs."""
        posts = list(posts)
        encoded = self._encode(posts)
        cut = []
        for row, (post, room) in enumerate(zip(posts, answer_tokens, strict=True)):
            excess = int(encoded["attention_mask"][row].sum()) + room - self._longest
            if excess > 0:
                posts[row] = self._shortened(post, encoded["offset_mapping"][row], excess)
                cut.append(row)
        if cut:
            encoded = self._encode(posts)
        offsets = encoded.pop("offset_mapping")
        shape, mask = encoded["input_ids"].shape, encoded["attention_mask"].bool()
        inputs = {name: value for name, value in encoded.items() if name in self._model_inputs()}
        per_token = {name for name, value in inputs.items() if value.shape[:2] == shape and name not in _PICTURES}
        text = [_overlapping(offsets[i], *self._place(post, "text", offsets[i])) for i, post in enumerate(posts)]
        return Prompts(
            rows=tuple({name: inputs[name][i][mask[i]] for name in per_token} for i in range(len(posts))),
            pictures={name: value for name, value in inputs.items() if name not in per_token},
            text=tuple(text[i][mask[i]] for i in range(len(posts))),
            pad=self._tokenizer.pad_token_id,
            cut=tuple(cut),
        )

    def answer_ids(self, answers: Sequence[str]) -> list[list[int]]:
        """The tokens of the answers, each with the mark that ends it."""
        if not answers:
            return []
        marked = [answer + self._ending for answer in answers]
        return [list(map(int, ids)) for ids in self._tokenizer(marked, add_special_tokens=False)["input_ids"]]

    def prompt_lengths(self, prompts: Sequence[StudentPrompt]) -> list[int]:
        """Tokens of the words alone: near enough to put posts of one length together."""
        if not prompts:
            return []
        texts = [prompt.turn.text for prompt in prompts]
        return [len(ids) for ids in self._tokenizer(texts, add_special_tokens=False)["input_ids"]]

    def decode(self, ids_BL: Tensor) -> list[str]:
        return [str(text) for text in self._tokenizer.batch_decode(ids_BL, skip_special_tokens=True)]

    @property
    def ending_ids(self) -> list[int]:
        """What ends an answer: the first token of the mark, and the tokenizer's own."""
        first = self._tokenizer(self._ending, add_special_tokens=False)["input_ids"][0]
        return sorted({int(first), int(self._tokenizer.eos_token_id)})

    def _rendered(self, prompt: StudentPrompt) -> tuple[str, str]:
        """The whole text up to the answer, and what of it stands behind the post's turn."""
        content: list[dict[str, str]] = [{"type": "image"}] if prompt.turn.image else []
        content.append({"type": "text", "text": prompt.turn.text})
        message = {"role": prompt.turn.role, "content": content}
        text = str(self._processor.apply_chat_template([message], add_generation_prompt=True, tokenize=False))
        at = text.rfind(prompt.turn.text)
        if at < 0:
            raise Mismatch("this model's chat template changes the words of a prompt; choose another backbone")
        return text, text[at + len(prompt.turn.text) :]

    def _place(self, post: ShownPost, piece: str, offsets: Tensor) -> tuple[int, int]:
        """Characters of a piece in the text that `offsets` count."""
        total = int(offsets[:, 1].max())
        if piece not in post.prompt.spans:
            return total, total
        turn = total - len(self._rendered(post.prompt)[1]) - len(post.prompt.turn.text)
        start, end = post.prompt.spans[piece]
        return turn + start, turn + end

    def _encode(self, posts: Sequence[ShownPost]) -> dict[str, Any]:
        images = [[post.image] for post in posts if post.image is not None]
        encoded = self._processor(
            text=[self._rendered(post.prompt)[0] for post in posts],
            images=images or None,
            padding=True,
            padding_side="left",
            return_tensors="pt",
            return_offsets_mapping=True,
            add_special_tokens=self._add_special,
        )
        return dict(encoded)

    def _model_inputs(self) -> set[str]:
        return {*self._processor.model_input_names, "attention_mask"}

    def _shortened(self, post: ShownPost, offsets: Tensor, excess: int) -> ShownPost:
        """The post with at least `excess` tokens fewer, taken from the ends of its pieces."""
        prompt = post.prompt
        for piece in PIECES:
            start, end = self._place(post, piece, offsets)
            inside = offsets[_overlapping(offsets, start, end)]
            taken = min(excess, len(inside))
            if taken:
                prompt = _cut(prompt, piece, max(0, int(inside[-taken, 0]) - start))
                excess -= taken
        if excess > 0:
            raise WrongInput(
                f"a prompt with its answer may have {self._longest} tokens; the question, the picture and the answer "
                f"alone have {excess} more: raise the spec's `longest`, or lower its `image_pixels`"
            )
        return replace(post, prompt=prompt)


# Inputs that happen to have as many rows and columns as there are posts and tokens are not figures of tokens.
_PICTURES = frozenset({"pixel_values", "image_grid_thw", "image_sizes", "pixel_attention_mask"})


def _overlapping(offsets: Tensor, start: int, end: int) -> Tensor:
    """Tokens with a character in [start, end); marks that stand for no character have none."""
    return (offsets[:, 0] < end) & (offsets[:, 1] > start) & (offsets[:, 1] > offsets[:, 0])


def _cut(prompt: StudentPrompt, piece: str, keep: int) -> StudentPrompt:
    """The prompt with the first `keep` characters of one piece; what stands behind it moves forward."""
    start, end = prompt.spans[piece]
    removed = end - start - keep
    spans = {
        name: (at, until) if until <= start else (at, at + keep) if name == piece else (at - removed, until - removed)
        for name, (at, until) in prompt.spans.items()
    }
    text = prompt.turn.text[: start + keep] + prompt.turn.text[end:]
    return StudentPrompt(replace(prompt.turn, text=text), spans)
