"""Workers in one event loop that share an endpoint, a budget and a journal; the loop's side of `client`.

A fixed number of workers takes questions from an iterator; each question is a request, a reply, and at most one repair
turn. A reply goes to the journal, on disk, before its worker asks anything else. Retries are done here and not in the
`openai` package: a pause that the endpoint asks for must hold back every worker, and the package gives up when the
pause is longer than 120 s.
"""

import asyncio
import queue
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Generic, TypeVar

import openai

from mmkp_core.errors import MmkpError, Transient, Unavailable
from mmkp_core.teacher.attempt import attempt, open_clients
from mmkp_core.teacher.failures import Unanswered
from mmkp_core.teacher.images import jpeg_within
from mmkp_core.teacher.pace import Pace, backoff
from mmkp_core.teacher.questions import Outcome, Question
from mmkp_core.teacher.reply import Flaw, Reply
from mmkp_core.teacher.request import ChatRequest
from mmkp_core.teacher.session import Session
from mmkp_core.vision.decoding import Undecodable

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")

IMAGE_THREADS = 2
REFUSED_AT_START = 5  # requests refused before any is answered: the settings are wrong, not the posts
FEWEST_FAILURES = 8  # questions that fail in a row before the endpoint counts as gone; at least one a worker


class _Stop(Exception):
    """Nothing more is to be bought: the budget is spent, or `error` is to be raised at the end."""

    def __init__(self, error: MmkpError | None) -> None:
        self.error = error


class Workers(Generic[S, T]):
    def __init__(
        self,
        session: Session,
        questions: Iterator[Question[S, T]],
        done: "queue.SimpleQueue[Outcome[S, T] | BaseException | None]",
    ) -> None:
        self._session = session
        self._account = session.account
        self._limits = session.account.limits
        self._questions = questions
        self._done = done
        self._error: MmkpError | None = None
        self._failed_in_a_row = 0
        self._refused_at_start = 0
        self._buying: dict[str, asyncio.Future[Reply | Unanswered]] = {}
        self._waits: set[asyncio.Future[Any]] = set()
        self._unsynced: list[tuple[Reply, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def in_loop(self) -> None:
        """The thread's work; whatever ends it reaches the caller."""
        try:
            asyncio.run(self._all())
        except asyncio.CancelledError:
            pass
        except BaseExceptionGroup as group:  # a defect, met by a worker; the others were cancelled for it
            self._done.put(group.exceptions[0])
        except BaseException as error:
            self._done.put(error)
        self._done.put(None)

    def cancel(self) -> None:
        """From the caller's thread: the caller wants no more. Nothing happens where all is done."""
        if self._loop and self._task and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._task.cancel)
            except RuntimeError:  # closed between the question and the call
                return

    async def _all(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._pace = Pace(self._limits, self._session.clock)
        self._arrived = asyncio.Event()
        count = self._limits.concurrency
        async with AsyncExitStack() as stack:
            self._image_threads = stack.enter_context(ThreadPoolExecutor(IMAGE_THREADS, "picture"))
            self._disk = stack.enter_context(ThreadPoolExecutor(1, "journal"))
            clients = await open_clients(self._session.endpoint, count, self._limits.timeout, stack)
            writer = asyncio.create_task(self._write_journal())
            async with asyncio.TaskGroup() as workers:
                for number in range(count):
                    workers.create_task(self._work(clients[number % len(clients)]))
            writer.cancel()
        if self._error:
            raise self._error

    async def _work(self, client: openai.AsyncOpenAI) -> None:
        for question in self._questions:
            try:
                self._done.put(await self._ask(question, client))
            except _Stop as stop:
                self._stop(stop.error)
                if self._error is None:  # the budget: replies that are paid already still count
                    self._account.unasked += 1
            if self._error:
                return

    async def _ask(self, question: Question[S, T], client: openai.AsyncOpenAI) -> Outcome[S, T]:
        request = question.request
        replies: list[Reply] = []
        while True:
            got = await self._reply(question, request, client)
            attempts = sum(reply.attempts for reply in replies) + got.attempts
            if isinstance(got, Unanswered):
                return Outcome(
                    question=question,
                    reason=got.reason,
                    detail=got.detail,
                    replies=tuple(replies),
                    attempts=attempts,
                )
            replies.append(got)
            read = question.read(got)
            if not isinstance(read, Flaw):
                return Outcome(question=question, value=read, replies=tuple(replies), attempts=attempts)
            if len(replies) == 2 or not read.repairable:
                return Outcome(
                    question=question,
                    reason=read.reason,
                    detail=read.detail,
                    replies=tuple(replies),
                    attempts=attempts,
                )
            request = ChatRequest(
                settings=request.settings,
                turns=question.repair(got, read),
                image_key=request.image_key,
                schema=request.schema,
                schema_name=request.schema_name,
            )

    async def _reply(
        self, question: Question[S, T], request: ChatRequest, client: openai.AsyncOpenAI
    ) -> Reply | Unanswered:
        """Known already, or being bought by another worker at this moment, or bought."""
        if known := self._session.known(request.hash):
            self._account.remembered += 1
            return known
        if (other := self._buying.get(request.hash)) is not None:
            got = await asyncio.shield(other)
            self._account.remembered += isinstance(got, Reply)
            return got
        if self._closed:
            raise _Stop(self._error)
        future: asyncio.Future[Reply | Unanswered] = asyncio.get_running_loop().create_future()
        self._buying[request.hash] = future
        try:
            got = await self._buy(question, request, client)
            future.set_result(got)
            return got
        except _Stop as stop:
            future.set_exception(stop)
            future.exception()  # seen, also where nobody else waits for it
            raise
        finally:
            del self._buying[request.hash]
            future.cancel()  # of use only where something else was raised

    async def _buy(
        self, question: Question[S, T], request: ChatRequest, client: openai.AsyncOpenAI
    ) -> Reply | Unanswered:
        jpeg = await self._picture(question, request.settings.image_pixels) if request.image_key else None
        if isinstance(jpeg, Unanswered):
            return jpeg
        body = request.body(jpeg)
        sent, tried, waited = 0, 0, 0.0
        while True:
            sent_at = await self._unless_stopped(self._pace.turn(request.estimated_tokens))
            sent += 1
            got = await attempt(client, self._session.endpoint, request, body, self._limits.timeout, sent)
            if isinstance(got, Reply):
                await self._bought(got, request)
                return got
            got = replace(got, attempts=sent)
            self._account.retries += 1
            self._account.unpriced += got.perhaps_charged
            match got.step:
                case "stop":
                    raise _Stop(Unavailable(f"{self._session.endpoint.base_url}: {got.detail}"))
                case "reject":
                    return self._refused(got)
                case "wait":
                    self._account.pauses += 1
                    seconds = self._pace.pause(sent_at, got.pause)
                    self._check_patience(seconds)
                    waited += seconds
                    if waited > self._limits.patience:
                        return self._failed(got)
                case "again":
                    tried += 1
                    if tried >= self._limits.attempts:
                        return self._failed(got)
                    pause = backoff(tried, request.hash) if got.pause is None else got.pause
                    self._check_patience(pause)
                    await self._unless_stopped(self._session.clock.sleep(pause))

    async def _bought(self, reply: Reply, request: ChatRequest) -> None:
        """Counted at once, so that nothing is sent past the budget; given on when it is on disk."""
        self._pace.answered(reply.prompt_tokens + reply.completion_tokens - request.estimated_tokens)
        self._failed_in_a_row = 0
        self._account.pay(reply)
        if self._account.spent:
            self._stop(None)
        on_disk: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unsynced.append((reply, on_disk))
        self._arrived.set()
        await on_disk

    async def _write_journal(self) -> None:
        """Everything that comes in while one group is synced is the next group."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            group, self._unsynced = self._unsynced, []
            lost: _Stop | None = None
            try:
                replies = [reply for reply, _ in group]
                await loop.run_in_executor(self._disk, self._session.journal.append, replies)
            except Exception as error:  # whatever it is, nothing more is bought that could not be kept
                path, why = self._session.journal.path, getattr(error, "strerror", None) or error
                lost = _Stop(MmkpError(f"{path}: {why}; paid replies cannot be kept there any more"))
                self._stop(lost.error)
            for _, on_disk in group:
                if on_disk.done():  # its worker was cancelled
                    continue
                if lost:
                    on_disk.set_exception(lost)
                else:
                    on_disk.set_result(None)

    async def _picture(self, question: Question[S, T], pixels: int) -> bytes | Unanswered:
        def prepare() -> bytes | Undecodable | None:
            data = question.image()
            return None if data is None else jpeg_within(data, pixels)

        jpeg = await asyncio.get_running_loop().run_in_executor(self._image_threads, prepare)
        match jpeg:
            case None:
                return Unanswered("reject", "image_missing", "the picture's bytes are not there")
            case Undecodable():
                return Unanswered("reject", "image_unreadable", jpeg.detail)
            case _:
                return jpeg

    def _refused(self, failure: Unanswered) -> Unanswered:
        """The failure of one post, unless every request so far was refused."""
        self._refused_at_start += not self._account.bought and failure.reason == "bad_request"
        if self._refused_at_start >= REFUSED_AT_START and not self._account.bought:
            raise _Stop(
                Unavailable(
                    f"{self._session.endpoint.base_url} refuses every request ({failure.detail}); if it knows no "
                    "schemas set `json_mode` to json_object or none, if a field is unknown see `length_field` and "
                    "`temperature`"
                )
            )
        return failure

    def _failed(self, failure: Unanswered) -> Unanswered:
        """The failure of one request, unless many in a row have failed."""
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= max(FEWEST_FAILURES, self._limits.concurrency):
            raise _Stop(
                Transient(
                    f"{self._session.endpoint.base_url} answers nothing any more: {self._failed_in_a_row} questions in "
                    f"a row failed, the last with {failure.detail}; run again when it is back"
                )
            )
        return failure

    def _check_patience(self, seconds: float) -> None:
        if seconds > self._limits.patience:
            raise _Stop(
                Transient(
                    f"{self._session.endpoint.base_url} asks to be left alone for {seconds:.0f} s; run again later, or "
                    f"raise `patience` (now {self._limits.patience:.0f} s)"
                )
            )

    @property
    def _closed(self) -> bool:
        """Nothing more is bought."""
        return self._error is not None or self._account.spent

    def _stop(self, error: MmkpError | None) -> None:
        """Requests in flight come to their end; those that only wait, for a pause of minutes perhaps, do not."""
        self._error = self._error or error
        for wait in self._waits:
            wait.cancel()

    async def _unless_stopped(self, wait: Coroutine[Any, Any, R]) -> R:
        task = asyncio.ensure_future(wait)
        self._waits.add(task)
        try:
            got = await task
        except asyncio.CancelledError:
            if not (self._closed and task.cancelled()):
                raise
            raise _Stop(self._error) from None
        finally:
            self._waits.discard(task)
        if self._closed:
            raise _Stop(self._error)
        return got
