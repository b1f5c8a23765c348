"""Puts many questions to one endpoint, in a thread of its own, so that a caller needs no event loop."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

from mmkp_core.teacher.questions import Outcome, Question
from mmkp_core.teacher.session import Session

S = TypeVar("S")
T = TypeVar("T")


def ask(session: Session, questions: Iterable[Question[S, T]]) -> Iterator[Outcome[S, T]]:
    """Outcomes as they come, in no order; nothing is paid twice or past the budget.

    When the budget is spent, what is in flight still comes, questions answered earlier too, and the rest is counted in
    `session.account.unasked`. An endpoint that can answer nothing raises, after what it has answered.
    """
    from mmkp_core.teacher.workers import Workers  # its package openai takes a second to load

    done: queue.SimpleQueue[Outcome[S, T] | BaseException | None] = queue.SimpleQueue()
    workers = Workers(session, iter(questions), done)
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
