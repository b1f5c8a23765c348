"""How are many images read? By processes that open their engine once and are kept for the whole stage.

One engine and one thread a process: PaddleOCR is not thread-safe, and two spinning threads on busy cores cost up to
five times the CPU. A worker that dies (a native crash, the kernel short of memory) or hangs costs the image it held a
second try on a fresh worker; if that fails too, the image's row says so and the others go on.
"""

import contextlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any

from mmkp_core.errors import Transient, Unavailable
from mmkp_core.vision.ocr.engine import AbstractOcrEngine
from mmkp_core.vision.ocr.rows import Reading
from mmkp_core.vision.ocr.spec import OcrSpec

TRIES = 2  # of one image on workers that died under it
FAILED_STARTS = 3  # in a row, after which the pool gives up
CLOSING = 5.0  # seconds that a worker gets to end by itself
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",  # before any import: these are read when the libraries load
    "OMP_WAIT_POLICY": "PASSIVE",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

Source = bytes | Path


@dataclass(slots=True)
class _Job:
    number: int
    image_key: str
    source: Source
    tries: int = 0


@dataclass(slots=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    link: "Connection[Any, Any]"
    log: Path
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
        return tuple(worker.process.pid for worker in self._workers)

    def close(self) -> None:
        for worker in self._workers:
            worker.link.close()  # which it takes as the sign to end
        until = time.monotonic() + CLOSING
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()) if not worker.job and worker.ready else 0.0)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._workers.clear()

    def read(self, images: Iterable[tuple[str, Source]]) -> Iterator[Reading]:
        """One reading for each (image key, bytes or file), as they finish; images are taken as workers get free.

        One call at a time; a second thread waits. Workers start when there is work for them.
        """
        with self._lock:
            source = iter(images)
            waiting: deque[_Job] = deque()
            first = next(self._numbers)
            while True:
                free = self._size - sum(worker.job is not None for worker in self._workers)
                for image_key, data in itertools.islice(source, max(0, free - len(waiting))):
                    waiting.append(_Job(next(self._numbers), image_key, data))
                yield from self._hand_out(waiting)
                if not waiting and not any(w.job and w.job.number > first for w in self._workers):
                    return
                yield from self._take_in(waiting, first)

    def _hand_out(self, waiting: "deque[_Job]") -> Iterator[Reading]:
        for worker in [worker for worker in self._workers if worker.ready and not worker.job]:
            if not waiting:
                return
            worker.job = waiting.popleft()
            worker.deadline = time.monotonic() + self._image_seconds
            try:
                worker.link.send((worker.job.number, worker.job.image_key, worker.job.source))
            except OSError:  # it has died meanwhile
                yield from self._bury(worker, waiting)
        idle = sum(not worker.job for worker in self._workers)
        for _ in range(min(len(waiting) - idle, self._size - len(self._workers))):
            self._workers.append(self._start())

    def _take_in(self, waiting: "deque[_Job]", first: int) -> Iterator[Reading]:
        by_link = {worker.link: worker for worker in self._workers}
        until = min(worker.deadline for worker in self._workers)
        for link in wait(list(by_link), timeout=max(0.0, min(until - time.monotonic(), 3600.0))):
            worker = by_link[link]  # type: ignore[index]
            try:
                number, content = worker.link.recv()
            except (EOFError, OSError):
                yield from self._bury(worker, waiting)
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
            if number > first:  # else the answer to an earlier call that nobody waited for
                yield content
        for worker in [worker for worker in self._workers if worker.deadline < time.monotonic()]:
            yield from self._bury(worker, waiting)

    def _bury(self, worker: _Worker, waiting: "deque[_Job]") -> Iterator[Reading]:
        """A worker that is dead or hangs: its image is tried again, then given up."""
        worker.process.kill()
        status = worker.process.wait()
        worker.link.close()
        self._workers.remove(worker)
        how = "hung" if worker.deadline < time.monotonic() else f"died (exit status {status})"
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                self.close()
                raise Transient(
                    f"OCR workers {how} {self._failed_starts} times while loading engine {self._engine.name}; each "
                    f"needs up to 2 GB of memory: lower the number of workers. {_tail(worker.log)}"
                )
        job = worker.job
        if job is None:
            return
        job.tries += 1
        if job.tries < TRIES:
            waiting.appendleft(job)
            return
        yield Reading(
            image_key=job.image_key,
            status="engine_error",
            engine=self._engine.name,
            detail=f"the worker {how} {job.tries} times on this image. {_tail(worker.log)}".strip(),
        )

    def _start(self) -> _Worker:
        folder = self._work / f"worker-{self._started}"
        self._started += 1
        folder.mkdir(parents=True, exist_ok=True)
        ours, theirs = Pipe()
        code = (
            f"import json, sys; sys.path[:] = json.loads({json.dumps(json.dumps(sys.path))}); "
            f"from mmkp_core.vision.ocr.worker import main; main({theirs.fileno()}, {os.getpid()}, {str(folder)!r})"
        )
        with (folder / "log").open("wb") as log:  # engines print; what they print explains a death
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD},
            )
        theirs.close()
        worker = _Worker(process, ours, folder / "log")
        with contextlib.suppress(OSError):  # dead already; the next look at the pipe says so
            ours.send((self._engine, self._spec))
        return worker


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return f"Its last words: {lines[-1][:300]}" if lines else ""
