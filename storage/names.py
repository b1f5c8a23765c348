"""Names: the only thing in the store that changes.

`dataset/demo`, `run/my-copy` or `champion/default` each point at one artifact. A change is a new, numbered
file that must not exist yet; the newest counts. So history, atomic replacement and a refused race come
with any store. What one name means is read where it stands, what all names mean from the index.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mmkp_core.errors import Damaged, UnknownName, WrongInput
from mmkp_core.identity import ArtifactRef
from storage.index import Index
from storage.objects import Objects

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(rf"names/({_NAME.pattern})/(\d{{8}})\.json")


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
    def __init__(self, objects: Objects, index: Index) -> None:
        self._objects = objects
        self._index = index

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
            path = f"names/{name}/{number:08d}.json"
            self._index.note(path, "")
            if self._objects.create(path, data):
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
        paths = (f"names/{name}/{file}" for file in self._objects.names(f"names/{name}"))
        return [self.read(path) for path in paths if is_version(path)]

    def read(self, path: str) -> NameVersion:
        """The version of a name that stands at `path`."""
        return self._understood(path, self._objects.read(path))

    def histories(self) -> dict[str, list[NameVersion]]:
        """Every state of every name, oldest first; a name with a damaged one is left out, and said."""
        return self.readable()[0]

    def readable(self) -> tuple[dict[str, list[NameVersion]], dict[str, str]]:
        """The histories of the names that can be read, and of the others what is wrong."""
        found: dict[str, list[NameVersion]] = {}
        damaged: dict[str, str] = {}
        for path, document in self._index.documents("names").items():
            if not is_version(path):
                continue
            name = path.removeprefix("names/").rpartition("/")[0]
            try:
                found.setdefault(name, []).append(self._understood(path, document))
            except Damaged as error:
                logger.warning("the name %s is left out: %s", name, error)
                damaged[name] = str(error)
        return {name: versions for name, versions in found.items() if name not in damaged}, damaged

    def current(self) -> list[NameVersion]:
        """The newest state of every name."""
        return [versions[-1] for versions in self.histories().values()]

    def _understood(self, path: str, document: bytes) -> NameVersion:
        found = _VERSION.fullmatch(path)
        assert found is not None, path
        try:
            body = json.loads(document)
            return NameVersion(
                name=found[1],
                number=int(found[2]),
                target=ArtifactRef.parse(body["target"]),
                reason=body["reason"],
                at=datetime.fromisoformat(body["at"]).astimezone(UTC),
                provenance=body["provenance"],
            )
        except (ValueError, KeyError, TypeError) as error:
            address = self._objects.address(path)
            raise Damaged(
                f"{address} is damaged ({error}); remove it, and {found[1]} means what it meant before"
            ) from None


def is_version(path: str) -> bool:
    """Whether a file below `names` is a version of a name; anything else is a stray one."""
    return bool(_VERSION.fullmatch(path))
