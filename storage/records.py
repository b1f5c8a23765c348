"""What stands beside every artifact: how it was made, from what, and what its bytes are."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from mmkp_core.identity import ArtifactRef, fingerprint
from storage.facts import facts_from_json, facts_to_json

F = TypeVar("F")


def document_of(ref: ArtifactRef) -> str:
    """Where the record of an artifact stands, relative to the store's root."""
    return f"artifacts/{ref.address}/record.json"


@dataclass(frozen=True, slots=True)
class StoredFile:
    name: str
    sha256: str
    size: int
    rows: int | None = None
    """Rows of a Parquet table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    ref: ArtifactRef
    spec: Any
    """The spec in canonical JSON."""
    version: int
    """Of the code that made it."""
    inputs: tuple[ArtifactRef, ...]
    digests: tuple[str, ...] = ()
    """Of what the inputs held when it was built; empty for parts that it only selects rows from."""
    rests_on: int = 0
    """How many of the last inputs follow from the others; its address does not tell them."""
    folder: str
    """Where the files of this build stand, relative to the record."""
    files: tuple[StoredFile, ...]
    facts: Any
    """What the artifact states beyond its files: the class of its kind in `facts.FACTS`."""
    made_at: datetime
    seconds: float
    provenance: Mapping[str, str] = field(default_factory=dict)
    """Who made it: flow run, commit, package version."""

    def states(self, kind: type[F]) -> F:
        """Its facts, which are of that class."""
        if not isinstance(self.facts, kind):
            raise TypeError(f"{self.ref} states {type(self.facts).__name__}, not {kind.__name__}")
        return self.facts

    def file(self, name: str) -> StoredFile | None:
        return next((file for file in self.files if file.name == name), None)

    def path(self, name: str) -> str:
        """Of one of its files, relative to the store's root."""
        return f"artifacts/{self.ref.address}/{self.folder}/{name}"

    @property
    def document(self) -> str:
        """Where the record itself stands."""
        return document_of(self.ref)

    @property
    def digest(self) -> str:
        """Of what it holds: its files, and those of all that it was made of."""
        return fingerprint({file.name: file.sha256 for file in self.files}, self.digests)

    @property
    def proper_ref(self) -> ArtifactRef:
        """The address that its kind, spec, inputs and version make."""
        addressed = list(self.inputs[: len(self.inputs) - self.rests_on])
        found = fingerprint(self.ref.kind, self.spec, addressed, self.version)
        return ArtifactRef(self.ref.kind, found, self.ref.group)

    def to_json(self) -> bytes:
        document = {
            "artifact": self.ref.address,
            "spec": self.spec,
            "version": self.version,
            "inputs": [ref.address for ref in self.inputs],
            "digests": list(self.digests),
            "rests_on": self.rests_on,
            "folder": self.folder,
            "files": [
                {"name": f.name, "sha256": f.sha256, "size": f.size, **({} if f.rows is None else {"rows": f.rows})}
                for f in self.files
            ],
            "facts": facts_to_json(self.facts),
            "made_at": self.made_at.isoformat(),
            "seconds": self.seconds,
            "provenance": dict(self.provenance),
        }
        return _text({**document, "seal": _seal(document)})

    @classmethod
    def from_json(cls, data: bytes) -> "Record":
        document = orjson.loads(data)
        if document.pop("seal", "") != _seal(document):
            raise ValueError("it was edited")
        ref = ArtifactRef.parse(document["artifact"])
        return cls(
            ref=ref,
            spec=document["spec"],
            version=document["version"],
            inputs=tuple(ArtifactRef.parse(address) for address in document["inputs"]),
            digests=tuple(document["digests"]),
            rests_on=document["rests_on"],
            folder=document["folder"],
            files=tuple(
                StoredFile(file["name"], file["sha256"], file["size"], file.get("rows")) for file in document["files"]
            ),
            facts=facts_from_json(ref.kind, document["facts"]),
            made_at=datetime.fromisoformat(document["made_at"]).astimezone(UTC),
            seconds=document["seconds"],
            provenance=document["provenance"],
        )


def _text(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


def _seal(document: Any) -> str:
    """Hash of a record's document, so that a changed fact is seen as a changed file is."""
    return hashlib.sha256(_text(document)).hexdigest()
