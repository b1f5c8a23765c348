"""Fingerprints: addresses of results, hashed from everything that can change them.

A spec (frozen dataclass), the fingerprints of its inputs and the version of the code that builds from it are
written as canonical JSON and hashed. What has no stable bytes (a function, an open file, a plain object)
is refused: a fingerprint that changes from run to run would rebuild for ever, one that ignores a
difference would return another result.
"""

import dataclasses
import enum
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

DIGITS = 20  # of the hexadecimal sha256: 80 bits


@dataclass(frozen=True, slots=True, order=True)
class ArtifactRef:
    """Where a result stands in the store: its kind, its fingerprint, and for a part of a row store its group."""

    kind: str
    fingerprint: str
    group: str = ""

    @property
    def address(self) -> str:
        return "/".join(part for part in (self.kind, self.group, self.fingerprint) if part)

    def __str__(self) -> str:
        return self.address

    @classmethod
    def parse(cls, address: str) -> "ArtifactRef":
        kind, *group, fingerprint = address.split("/")
        return cls(kind, fingerprint, "/".join(group))


def canonical(value: Any) -> Any:
    """`value` as JSON types whose text is the same in every process that holds an equal value."""
    match value:
        case None | bool() | str():
            return value
        case enum.Enum():  # before int: IntEnum is both
            return {type(value).__name__: value.name}
        case int():
            return value
        case float():
            return value if math.isfinite(value) else repr(value)
        case bytes():
            return {"bytes": hashlib.sha256(value).hexdigest()}
        case datetime() | date():
            return {type(value).__name__: value.isoformat()}
        case ArtifactRef():
            return {"artifact": value.address}
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError(f"a mapping in a spec needs text keys, got {value!r}")
            return {key: canonical(value[key]) for key in sorted(value)}
        case set() | frozenset():
            return {"set": sorted((canonical(item) for item in value), key=to_json)}
        case Sequence():
            return [canonical(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: canonical(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(
        f"{type(value).__name__} has no stable bytes: {value!r}; "
        "put numbers, texts, enums or frozen dataclasses into a spec"
    )


def to_json(value: Any) -> str:
    return json.dumps(canonical(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def fingerprint(*values: Any) -> str:
    """The address of what `values` lead to; equal values give equal addresses in every process."""
    return hashlib.sha256(to_json(list(values)).encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def sha256_of(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
