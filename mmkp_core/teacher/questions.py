"""A question to a model and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mmkp_core.prompts.turns import Turn
from mmkp_core.teacher.reply import Failure, Flaw, Rejection, Reply
from mmkp_core.teacher.request import ChatRequest

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Question(Generic[S, T]):
    """Something to ask, and how to read the reply."""

    subject: S
    """What it is about: a post, an image's key."""
    request: ChatRequest
    image: Callable[[], bytes | None]
    """The picture's bytes, fetched when they are needed; None where they are gone."""
    read: Callable[[Reply], T | Flaw]
    repair: Callable[[Reply, Flaw], tuple[Turn, ...]]
    """The turns of the second request."""


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[S, T]):
    """What became of one question."""

    question: Question[S, T]
    value: T | None = None
    """What was read out of the reply; None where `reason` says why there is nothing."""
    reason: Rejection | Failure | None = None
    detail: str = ""
    replies: tuple[Reply, ...] = ()
    """One, or two with the repair turn."""
    attempts: int = 0
