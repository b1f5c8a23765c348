"""The student's prompt: one short turn of the picture, the post's words, what was read from the picture, the question.

The same words are used in training and in prediction. Data stands on lines of its own with line breaks taken out, so a
post cannot write a line of the prompt. Where each piece stands is given in characters: masking needs to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mmkp_core.data.post import Example
from mmkp_core.prompts.fence import shortened, without_controls
from mmkp_core.prompts.turns import Language, Turn

TEXT_CHARACTERS = 2000  # a post of a million hashtags is one post, not a context window
IMAGE_CHARACTERS = 600  # of each thing read from the picture

_LABELS: Mapping[Language, Mapping[str, str]] = {
    "en": {"text": "Post: ", "image_words": "Words in the image: ", "seen": "Seen in the image: "},
    "zh": {"text": "帖子：", "image_words": "图中文字：", "seen": "图中所见："},
}
_QUESTION: Mapping[Language, str] = {
    "en": "Keyphrases of this post, most important first, separated by semicolons:",
    "zh": "该帖子的关键短语，最重要的在前，用分号隔开：",
}


@dataclass(frozen=True, slots=True)
class StudentPrompt:
    turn: Turn
    spans: Mapping[str, tuple[int, int]]
    """Where the pieces stand in the turn's text, in characters: `text`, `image_words`, `seen`, those that are there."""


def student_prompt(example: Example, language: Language = "en", *, with_image: bool) -> StudentPrompt:
    """The question about one post; `with_image` puts the picture before the words."""
    pieces = {
        "text": _one_line(example.post.text, TEXT_CHARACTERS),
        "image_words": _one_line(example.image_words, IMAGE_CHARACTERS),
        "seen": _one_line(", ".join((*example.entities, *example.attributes)), IMAGE_CHARACTERS),
    }
    text, spans = "", {}
    for name, piece in pieces.items():
        if piece or name == "text":
            text += _LABELS[language][name]
            spans[name] = (len(text), len(text) + len(piece))
            text += f"{piece}\n"
    return StudentPrompt(Turn("user", text + _QUESTION[language], image=with_image), spans)


def _one_line(text: str, most: int) -> str:
    return shortened(" ".join(without_controls(text).split()), most)
