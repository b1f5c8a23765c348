"""A real server on loopback, posts to ask it about, and a clock on which pauses take no time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mmkp_core.data.post import Example, Post
from mmkp_core.teacher.endpoint import ApiKey, Endpoint
from mmkp_core.teacher.journal import Journal
from mmkp_core.teacher.rationales import Rationales, teach
from mmkp_core.teacher.scripted import Script, ScriptedServer, serving
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec


class JumpClock:
    """Time passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


def made_up(count: int, **post: Any) -> list[Example]:
    return [
        Example(post=Post(post_id=f"{n:04d}", text=f"post number {n}", keyphrases=("chess",), **post))
        for n in range(count)
    ]


class Desk:
    """Starts servers, opens the journal, asks; a second `teach` is a second run on the same journal."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.journal = folder / "journal.jsonl"
        self.clock = JumpClock()
        self._stack = stack
        self.session: Session

    def serve(self, **script: Any) -> ScriptedServer:
        return self._stack.enter_context(serving(Script(**script)))

    def teach(
        self,
        server: ScriptedServer,
        examples: list[Example],
        spec: TeacherSpec | None = None,
        images: Callable[[str], bytes | None] = lambda key: None,
        key: str = "sk-test",
        **limits: Any,
    ) -> Rationales:
        given = TeacherLimits(**{"concurrency": 4, "timeout": 5.0, **limits})
        with Journal(self.journal) as journal:
            self.session = Session(Endpoint(server.url, ApiKey(key)), given, journal, clock=self.clock)
            return teach(examples, images, spec or TeacherSpec(), self.session)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(tmp_path, stack)


@pytest.fixture
def posts() -> Callable[..., list[Example]]:
    return made_up
