"""What a user or an operator sets, and where it acts: settings by dotted names, the store, allowed sources."""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, get_type_hints

from mmkp_core.errors import UnknownName, WrongInput, told


def server_home() -> Path:
    """The local folder for the Prefect server of the store: the store's own, if it is a folder."""
    from tasks.store import home

    root = home()
    if "://" not in root:
        return Path(root)
    return Path(tempfile.gettempdir()) / f"mmkp-{os.getuid()}-{sha256(root.encode()).hexdigest()[:12]}"


def is_file(data: str | None) -> bool:
    """Whether DATA of a command is a file rather than a name in the store."""
    return bool(data) and Path(str(data)).exists()


def from_pairs(pairs: Sequence[str]) -> dict[str, Any]:
    """`["ocr.engine=rapid", "seed=3"]` as nested settings; values are JSON where they can be."""
    found: dict[str, Any] = {}
    for pair in pairs:
        path, mark, text = pair.partition("=")
        if not mark or not path:
            raise WrongInput(f"--set {pair!r}: write NAME=VALUE, like training.epochs=3")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        inner: Any = value
        for name in reversed(path.split(".")):
            inner = {name: inner}
        found = merged(found, inner)
    return found


def from_file(path: Path) -> dict[str, Any]:
    """Settings of a TOML, JSON or YAML file, nested as its tables are."""
    try:
        text = path.read_text()
    except OSError as error:
        raise WrongInput(f"--config {path}: {error.strerror}") from None
    try:
        if path.suffix == ".toml":
            import tomllib

            return tomllib.loads(text)
        if path.suffix == ".json":
            loaded = json.loads(text)
        elif path.suffix in (".yaml", ".yml"):
            import yaml

            loaded = yaml.safe_load(text)
        else:
            raise WrongInput(f"--config {path}: give a .toml, .json or .yaml file")
    except ValueError as error:
        raise WrongInput(f"--config {path}: {error}") from None
    if not isinstance(loaded, dict):
        raise WrongInput(f"--config {path}: settings are a table of names and values")
    return loaded


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings laid over each other; the later count more."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            inner = result.get(key)
            both = isinstance(inner, Mapping) and isinstance(value, Mapping)
            result[key] = merged(inner or {}, value) if both else value
    return result


def checked(flow: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`parameters` as the flow's own types, or an error in one line that names the setting."""
    from inspect import signature

    from pydantic import TypeAdapter, ValidationError

    known = signature(flow.fn).parameters
    result = {}
    for name, value in parameters.items():
        if name not in known:
            raise UnknownName(f"setting of {flow.name}", name, known)
        kind = known[name].annotation
        refuse_unknown(kind, value, name)
        try:
            result[name] = TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(part) for part in (name, *first["loc"]))
            raise WrongInput(f"{path} = {first['input']!r}: {told(first['msg'])}") from None
    return result


def refuse_unknown(kind: Any, value: Any, path: str) -> None:
    """A field that a spec does not have is an error; validation alone would pass over it without a word."""
    if not (is_dataclass(kind) and isinstance(kind, type) and isinstance(value, Mapping)):
        return
    hints = get_type_hints(kind)
    for name, inner in value.items():
        if name not in hints:
            raise UnknownName(f"setting of {path}", str(name), [field.name for field in fields(kind)])
        refuse_unknown(hints[name], inner, f"{path}.{name}")
