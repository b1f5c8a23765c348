"""How are many questions put to one endpoint, without paying twice or past the budget? An iterator in, an iterator out.

The event loop and its workers (`workers`) run in a thread of their own, so that a caller needs no loop.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from mmkp_core.prompts.turns import Turn
from mmkp_core.teacher.account import Account
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.journal import Journal
from mmkp_core.teacher.pace import Clock, LoopClock
from mmkp_core.teacher.reply import Failure, Flaw, Rejection, Reply
from mmkp_core.teacher.request import ChatRequest
from mmkp_core.teacher.spec import TeacherLimits

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


class Asking:
    """Questions to one endpoint under one budget. `replies` are paid ones from elsewhere: sealed parts of a journal."""

    def __init__(
        self,
        endpoint: Endpoint,
        limits: TeacherLimits,
        journal: Journal,
        replies: Mapping[str, Reply] | None = None,
        clock: Clock | None = None,
    ) -> None:
        prompt, completion = journal.prompt_tokens, journal.completion_tokens
        self.account = Account(
            limits,
            earlier_tokens=prompt + completion,
            earlier_cost=(prompt * limits.price_prompt + completion * limits.price_reply) / 1e6,
        )
        self.endpoint = endpoint
        self.journal = journal
        self.clock = clock or LoopClock()
        self._replies = replies or {}

    def known(self, request: str) -> Reply | None:
        """The reply to a request that is paid already."""
        return self._replies.get(request) or self.journal.get(request)

    def outcomes(self, questions: Iterable[Question[S, T]]) -> Iterator[Outcome[S, T]]:
        """Outcomes as they come, in no order.

        When the budget is spent, what is in flight still comes, questions answered earlier too, and the rest is
        counted in `account.unasked`. An endpoint that can answer nothing raises, after what it has answered.
        """
        from mmkp_core.teacher.workers import Workers  # openai: 1 s

        done: queue.SimpleQueue[Outcome[S, T] | BaseException | None] = queue.SimpleQueue()
        workers = Workers(self, iter(questions), done)
        thread = threading.Thread(target=workers.in_loop, name="teacher", daemon=True)
        thread.start()
        try:
            while (outcome := done.get()) is not None:
                if isinstance(outcome, BaseException):
                    raise outcome
                yield outcome
        finally:
            workers.cancel()
            thread.join()
