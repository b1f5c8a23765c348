"""Settings as a person gives them: `--set NAME=VALUE` by dotted paths, and `--config FILE`."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from mmkp_core.errors import WrongInput
from mmkp_core.spec import changed, merged

T = TypeVar("T")


def given_settings(spec: T, pairs: Sequence[str], config: Path | None) -> tuple[T, dict[str, Any]]:
    """`spec` with the settings of the file and then those of the pairs; and these alone, nested as they are."""
    given: dict[str, Any] = from_file(config) if config else {}
    spec = changed(spec, given)
    for pair in pairs:
        path, text = _parted(pair)
        spec, value = _with_text(spec, path, text)
        given = merged(given, _nested(path, value))
    return spec, given


def check_systems(settings: Any) -> None:
    """The settings of each system in `settings.systems`, against the system's own spec."""
    from mmkp_core.systems import find_system

    own: Mapping[str, Mapping[str, Any]] = getattr(settings, "systems", {})
    for system, values in own.items():
        spec = find_system(system).spec
        try:
            changed(spec, values)
        except WrongInput as error:
            raise WrongInput(f"systems.{system}: {error}") from None


def _parted(pair: str) -> tuple[str, str]:
    path, mark, text = pair.partition("=")
    if not mark or not path:
        raise WrongInput(f"--set {pair!r}: write NAME=VALUE, like training.epochs=3")
    return path, text


def _with_text(spec: T, path: str, text: str) -> tuple[T, Any]:
    """The text as JSON where that fits the setting, else as it stands: a commit may look like a number."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    try:
        return changed(spec, {path: value}), value
    except WrongInput:
        if not isinstance(value, str):
            with suppress(WrongInput):  # then what is wrong with the JSON is told
                return changed(spec, {path: text}), text
        raise


def _nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return dict(value)


def from_file(path: Path) -> dict[str, Any]:
    """Settings of a TOML, JSON or YAML file, nested as its tables are."""
    try:
        loaded = _parsed(path, path.read_text())
    except OSError as error:
        raise WrongInput(f"--config {path}: {error.strerror}") from None
    except ValueError as error:
        raise WrongInput(f"--config {path}: {error}") from None
    if not isinstance(loaded, dict):
        raise WrongInput(f"--config {path}: settings are a table of names and values")
    return loaded


def _parsed(path: Path, text: str) -> Any:
    if path.suffix == ".toml":
        import tomllib

        return tomllib.loads(text)
    if path.suffix == ".json":
        return json.loads(text)
    if path.suffix in (".yaml", ".yml"):
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise WrongInput(f"--config {path}: {' '.join(str(error).split())}") from None
    raise WrongInput(f"--config {path}: give a .toml, .json or .yaml file")
