"""Reads many images in processes that each hold one open OCR engine and are kept from call to call.

One engine and one thread a process: PaddleOCR is not thread-safe. A worker that dies (a native crash, the kernel short
of memory) or hangs costs the image it held a second try on a fresh worker; if that fails too, the image's row says so
and the others go on.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType

from mmkp_core.errors import Transient, Unavailable
from mmkp_core.processes import STOP_SECONDS, Child
from mmkp_core.vision.ocr.engine import AbstractOcrEngine
from mmkp_core.vision.ocr.rows import Reading
from mmkp_core.vision.ocr.spec import OcrSpec

TRIES = 2  # of one image on workers that died under it
FAILED_STARTS = 3  # in a row, after which the pool gives up

Source = bytes | Path


@dataclass(slots=True)
class _Job:
    number: int
    image_key: str
    source: Source
    tries: int = 0


@dataclass(slots=True)
class _Worker:
    child: Child
    ready: bool = False
    job: _Job | None = None
    deadline: float = float("inf")


class OcrPool:
    """`with OcrPool(make_engine(spec), spec, workers=2, work=folder) as pool: for reading in pool.read(images): ...`"""

    def __init__(
        self, engine: AbstractOcrEngine, spec: OcrSpec, *, workers: int, work: Path, image_seconds: float = 300.0
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._size = max(1, workers)
        self._work = work
        self._image_seconds = image_seconds
        self._workers: list[_Worker] = []
        self._numbers = itertools.count()
        self._first = 0  # of the present call; what has a lower number belongs to a call that nobody waits for
        self._started = 0
        self._failed_starts = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "OcrPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def processes(self) -> tuple[int, ...]:
        """The workers' process ids, for whoever measures or watches them."""
        return tuple(worker.child.pid for worker in self._workers)

    def close(self) -> None:
        """End the workers, those at work at once; the next call of `read` starts new ones."""
        for worker in self._workers:
            worker.child.link.close()  # all of them hear it before one is waited for
        until = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            worker.child.end(max(0.0, until - time.monotonic()) if worker.ready and not worker.job else 0.0)
        self._workers.clear()
        self._failed_starts = 0

    def read(self, images: Iterable[tuple[str, Source]]) -> Iterator[Reading]:
        """One reading for each (image key, bytes or file), as they finish; images are taken as workers get free.

        One call at a time; a second thread waits. Workers start when there is work for them.
        """
        with self._lock:
            source = iter(images)
            waiting: deque[_Job] = deque()
            self._first = next(self._numbers)
            while True:
                free = self._size - sum(worker.job is not None for worker in self._workers)
                for image_key, data in itertools.islice(source, max(0, free - len(waiting))):
                    waiting.append(_Job(next(self._numbers), image_key, data))
                yield from self._submit(waiting)
                if not waiting and not any(w.job and w.job.number > self._first for w in self._workers):
                    return
                yield from self._collect(waiting)

    def _submit(self, waiting: "deque[_Job]") -> Iterator[Reading]:
        """Give waiting images to free workers, and start workers for those that are left."""
        for worker in [worker for worker in self._workers if worker.ready and not worker.job]:
            if not waiting:
                return
            job = waiting[0]
            try:
                worker.child.link.send((job.number, job.image_key, job.source))
            except OSError:  # it has died meanwhile, not of this image
                yield from self._reap(worker, waiting)
                continue
            worker.job = waiting.popleft()
            worker.deadline = time.monotonic() + self._image_seconds
        idle = sum(not worker.job for worker in self._workers)
        for _ in range(min(len(waiting) - idle, self._size - len(self._workers))):
            self._workers.append(self._start())

    def _collect(self, waiting: "deque[_Job]") -> Iterator[Reading]:
        """Wait for messages of workers, and give up those that hang."""
        by_link = {worker.child.link: worker for worker in self._workers}
        until = min(worker.deadline for worker in self._workers)
        for link in wait(list(by_link), timeout=max(0.0, min(until - time.monotonic(), 3600.0))):
            worker = by_link[link]  # type: ignore[index]
            try:
                number, content = worker.child.link.recv()
            except (EOFError, OSError):
                yield from self._reap(worker, waiting)
                continue
            if number == "closed":
                self.close()
                raise Unavailable(
                    f"OCR engine {self._engine.name} cannot be opened: {content}; see `mmkp doctor`, or set another "
                    "ocr.engine"
                )
            if number == "ready":
                worker.ready = True
                self._failed_starts = 0
                continue
            worker.job, worker.deadline = None, float("inf")
            if number > self._first:
                yield content
        for worker in [worker for worker in self._workers if worker.deadline < time.monotonic()]:
            yield from self._reap(worker, waiting)

    def _reap(self, worker: _Worker, waiting: "deque[_Job]") -> Iterator[Reading]:
        """A worker that is dead or hangs: its image is tried again, then given up."""
        hung = worker.deadline < time.monotonic()
        status = worker.child.end(0.0 if hung else STOP_SECONDS)
        how = "hung" if hung else f"died (exit status {status})"
        last_words = f"Its last words: {worker.child.last_words}" if worker.child.last_words else ""
        self._workers.remove(worker)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                self.close()
                raise Transient(
                    f"OCR workers {how} {self._failed_starts} times while loading engine {self._engine.name}; each "
                    f"needs up to 2 GB of memory: lower the number of workers. {last_words}"
                )
        job = worker.job
        if job is None or job.number < self._first:
            return
        job.tries += 1
        if job.tries < TRIES:
            waiting.appendleft(job)
            return
        yield Reading(
            image_key=job.image_key,
            status="engine_error",
            engine=self._engine.name,
            detail=f"the worker {how} {job.tries} times on this image. {last_words}".strip(),
        )

    def _start(self) -> _Worker:
        folder = self._work / f"worker-{self._started}"
        self._started += 1
        folder.mkdir(parents=True, exist_ok=True)
        worker = _Worker(Child("mmkp_core.vision.ocr.worker:main", log=folder / "log"))
        with suppress(OSError):  # dead already; the next look at the link says so
            worker.child.link.send((self._engine, self._spec, str(folder)))
        return worker
