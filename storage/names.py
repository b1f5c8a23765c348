"""Names: the only thing in the store that changes.

`dataset/demo`, `run/my-copy` or `champion/default` each point at one artifact. A change is a new, numbered
file that must not exist yet; the newest counts. So history, atomic replacement and a refused race come
with any store.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.identity import ArtifactRef
from storage.objects import Objects

_NAME = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class NameVersion:
    """One state of a name."""

    name: str
    number: int
    target: ArtifactRef
    reason: str
    at: datetime
    provenance: Mapping[str, str]


class Names:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def point(
        self, name: str, target: ArtifactRef, reason: str, at: datetime, provenance: Mapping[str, str]
    ) -> NameVersion:
        """Let `name` mean `target` from now on; nothing is written if it already does."""
        if not _NAME.fullmatch(name):
            raise WrongInput(
                f"{name!r} is no name: a kind, a slash, then letters, digits, dots, dashes and underscores, "
                "like dataset/my-posts"
            )
        while True:
            past = self.history(name)
            if past and past[-1].target == target:
                return past[-1]
            number = past[-1].number + 1 if past else 1
            body: dict[str, Any] = {
                "target": target.address,
                "reason": reason,
                "at": at.isoformat(),
                "provenance": dict(provenance),
            }
            data = json.dumps(body, ensure_ascii=False).encode()
            if self._objects.create(f"names/{name}/{number:08d}.json", data):
                return NameVersion(name, number, target, reason, at, provenance)

    def get(self, name: str) -> ArtifactRef | None:
        past = self.history(name)
        return past[-1].target if past else None

    def require(self, name: str) -> ArtifactRef:
        """What `name` points at, or an error with the nearest names of its kind."""
        found = self.get(name) if _NAME.fullmatch(name) else None
        if found is None:
            kind, _, short = name.partition("/")
            known = [v.name.partition("/")[2] for v in self.current() if v.name.startswith(f"{kind}/")]
            raise UnknownName(kind, short, known)
        return found

    def history(self, name: str) -> list[NameVersion]:
        """Every state of `name`, oldest first."""
        return [self._read(path) for path in self._objects.walk(f"names/{name}") if path.endswith(".json")]

    def current(self) -> list[NameVersion]:
        """The newest state of every name."""
        newest: dict[str, str] = {}
        for path in self._objects.walk("names"):  # sorted, so later numbers overwrite earlier ones
            if path.endswith(".json"):
                newest[path.rsplit("/", 1)[0]] = path
        return [self._read(path) for path in newest.values()]

    def _read(self, path: str) -> NameVersion:
        _, kind, short, file = path.split("/")
        body = json.loads(self._objects.read(path))
        return NameVersion(
            name=f"{kind}/{short}",
            number=int(file.removesuffix(".json")),
            target=ArtifactRef.parse(body["target"]),
            reason=body["reason"],
            at=datetime.fromisoformat(body["at"]).astimezone(UTC),
            provenance=body["provenance"],
        )
