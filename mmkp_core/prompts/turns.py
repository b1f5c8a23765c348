"""One turn of a conversation: its role, its words, and whether the picture goes with it."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Turn:
    role: Literal["system", "user", "assistant"]
    text: str
    image: bool = False
    """The picture stands before the words of this turn."""
