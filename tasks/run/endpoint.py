"""Which endpoint is asked, with whose key, and how many requests may be in flight: for teacher and entities alike."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from mmkp_core.errors import Unavailable
from mmkp_core.identity import ArtifactRef
from mmkp_core.teacher.endpoint import ApiKey, Endpoint
from mmkp_core.teacher.journal import Journal, ReplyJournal
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits
from storage.dataset import DataSet
from storage.paid_replies import ReplyObjects
from storage.store import Store
from tasks.run.away import patient
from tasks.run.slots import slots

SCRIPTED = "scripted"
KEY_BLOCK = "teacher-api-key"


@dataclass(frozen=True)
class Round:
    """How a round of questions ended."""

    spent: bool = False
    tokens: int = 0
    """Paid in all, by this run and those before it on the same journal."""
    failed: Sequence[str] = ()
    """Why, for each question that the endpoint gave no answer to."""

    def why(self, limits: TeacherLimits) -> str:
        """What is to be done about questions that are left."""
        if self.spent:
            bounds = [f"{limits.budget_tokens:,} tokens"] if limits.budget_tokens else []
            bounds += [f"{limits.budget_cost:g} in money"] if limits.budget_cost else []
            return (
                f"the budget of {' and '.join(bounds)} is spent ({self.tokens:,} tokens, with what was in flight): run "
                "it again with a larger one (limits.budget_tokens, limits.budget_cost) to go on from there"
            )
        first = f" (the first: {self.failed[0][:200]})" if self.failed else ""
        return f"{len(self.failed):,} requests failed{first}: run it again, and only those are asked"


@contextmanager
def open_session(
    store: Store, dataset: ArtifactRef, model: str, journal_name: str, limits: TeacherLimits
) -> Iterator[Session]:
    """A session with the endpoint that knows `model`; replies go to the journal of that name."""
    with (
        _endpoint(store, dataset, model) as endpoint,
        _journal(store, journal_name) as journal,
        slots("teacher", limits.concurrency),
    ):
        yield Session(endpoint, limits, journal)


def _journal(store: Store, name: str) -> ReplyJournal:
    """Where paid replies are safe: on the store's own disk, or each as an object of a remote store."""
    if store.objects.is_local:
        return Journal(store.objects.scratch("journals") / f"{name}.jsonl")
    return ReplyObjects(store.objects, name)


@contextmanager
def _endpoint(store: Store, dataset: ArtifactRef, model: str) -> Iterator[Endpoint]:
    """For the model `scripted` the local server that ships with mmkp, for others what the environment names."""
    if model != SCRIPTED:
        yield Endpoint(os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1", _key())
        return
    from mmkp_core.teacher.scripted import Script, serving
    from mmkp_core.teacher.scripted_answers import Fact, Facts

    stored = DataSet(store, dataset)
    posts = {post.post_id: post for post in stored.posts()}
    facts = []
    for part in stored.parts:
        if part.file("facts.jsonl"):
            for line in store.read(part, "facts.jsonl").splitlines():
                row = json.loads(line)
                if post := posts.get(row["post_id"]):
                    facts.append(
                        Fact(
                            text=post.text,
                            phrases=tuple(row["keyphrases"]),
                            evidence=tuple(row["evidence"]),
                            shown=row.get("shown") or "",
                            image=post.image or "",
                        )
                    )
    with serving(Script(facts=Facts(facts))) as server:
        yield Endpoint(server.url)


def _key() -> ApiKey:
    """The key from the environment or a Prefect secret block; it is handed on and never stored."""
    if key := os.environ.get("OPENAI_API_KEY"):
        return ApiKey(key)
    from prefect.blocks.system import Secret

    try:
        block = cast("Secret[str]", patient(Secret.load)(KEY_BLOCK))
    except ValueError:
        raise Unavailable(
            f"the endpoint needs a key: set OPENAI_API_KEY, or make a Prefect secret block called {KEY_BLOCK!r}; "
            "the model `scripted` needs none"
        ) from None
    return ApiKey(str(block.get()))
