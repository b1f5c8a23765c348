"""Puts the words of posts into a prompt so that they cannot become instructions.

Two rules. `without_controls` takes out what a tokenizer or a file would read as control: lone surrogates, control
characters, special tokens such as `<|im_end|>` or `<image>`. `fenced` sets each piece between marks that carry a number
drawn from all of the pieces: somebody who wants to close the fence would have to write a text that contains its own
hash. The number follows from the content, so the same question has the same bytes, and the same request hash, in every
run.
"""

import hashlib
import re
from collections.abc import Sequence

FENCE_DIGITS = 16

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# Hidden words and turned lines; the joiner U+200D stays, emoji are made with it.
_UNSEEN = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_SPECIAL = re.compile(
    r"<(?=[|｜])|(?<=[|｜])>"  # <|im_start|>, <|endoftext|>, <|image_pad|>
    r"|<(?=/?(?:image|video|s|bos|eos|pad|unk|think|tool_call|start_of_turn|end_of_turn)>)"
    r"|\[(?=/?INST\])",
    re.IGNORECASE,
)
_OPENING = {"<": "‹", ">": "›", "[": "("}


def without_controls(text: str) -> str:
    """`text` without what a tokenizer reads as control; what a person sees stays."""
    text = text.encode("utf-8", "replace").decode() if not text.isascii() else text
    text = _UNSEEN.sub("", _CONTROL.sub(" ", text.replace("\r\n", "\n")))
    return _SPECIAL.sub(lambda match: _OPENING[match[0]], text)


def shortened(text: str, most: int) -> str:
    """At most `most` characters, the cut marked."""
    return text if len(text) <= most else f"{text[:most]} […]"


def fence_of(sections: Sequence[tuple[str, str]]) -> str:
    """The number of the marks around these sections."""
    digest = hashlib.sha256()
    for name, content in sections:
        for part in (name, content):
            data = part.encode("utf-8", "replace")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:FENCE_DIGITS]


def fenced(sections: Sequence[tuple[str, str]], fence: str) -> str:
    """The sections between marks: `<<fence name>>`, their content, and a last mark `<<fence end>>`."""
    lines = [line for name, content in sections for line in (f"<<{fence} {name}>>", content)]
    return "\n".join([*lines, f"<<{fence} end>>"])
