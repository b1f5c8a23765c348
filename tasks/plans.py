"""What a training run is asked for: a system's own settings, with those that a person changed."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mmkp_core.errors import UnknownName, WrongInput, told
from mmkp_core.learning import Need, System
from mmkp_core.systems import systems
from mmkp_core.vlm.spec import TINY, VlmSpec
from mmkp_core.vlm.weights import weights_identity


def find_system(name: str) -> System:
    table = systems()
    if name not in table:
        raise UnknownName("system", name, table, "`mmkp systems` lists them all.")
    return table[name]


def run_plan(system: str, settings: Mapping[str, Any]) -> System:
    """The row of `system`, its spec changed by settings with dotted paths: `{"training.epochs": 3}`."""
    row = find_system(system)
    spec = changed(row.spec, settings)
    return replace(row, spec=spec, needs=(*row.needs, *_needs_of_backbone(spec)))


def pretrained(plan: System) -> str:
    """Which weights training starts from: part of a run's identity beside its spec; empty where it starts from none."""
    return weights_identity(plan.spec) if isinstance(plan.spec, VlmSpec) else ""


def _needs_of_backbone(spec: Any) -> tuple[Need, ...]:
    """What `tiny` does without."""
    return ("weights", "gpu") if isinstance(spec, VlmSpec) and spec.backbone != TINY else ()


def changed(spec: Any, settings: Mapping[str, Any]) -> Any:
    """A spec with some fields, named by dotted paths, set to other values; each is checked as a form would."""
    for path, value in settings.items():
        spec = _with(spec, path.split("."), value, path)
    return spec


def _with(spec: Any, path: list[str], value: Any, whole: str) -> Any:
    name, *rest = path
    known = [field.name for field in fields(spec)]
    if name not in known:
        inside = [f"{outer}.{name}" for outer in known if name in _fields_of(getattr(spec, outer))]
        if inside:
            raise WrongInput(f"no setting is called {whole!r}; did you mean {inside[0]!r}?")
        raise UnknownName("setting", name, known, f"(in {whole!r})")
    if rest:
        inner = getattr(spec, name)
        if not is_dataclass(inner):
            raise WrongInput(f"{whole!r}: {name} is a plain value, it has no setting {rest[0]!r}")
        return replace(spec, **{name: _with(inner, rest, value, whole)})
    return replace(spec, **{name: _checked(type(spec), name, value, whole)})


def _fields_of(value: Any) -> list[str]:
    return [field.name for field in fields(value)] if is_dataclass(value) else []


def _checked(kind: type, name: str, value: Any, whole: str) -> Any:
    from typing import get_type_hints

    hint = get_type_hints(kind, include_extras=True)[name]
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        raise WrongInput(f"{whole} = {value!r}: {told(error.errors()[0]['msg'])}") from None


def has_setting(system: str, path: str) -> bool:
    """Whether a system's spec has a setting of that dotted name; reference lines have no `training.epochs`."""
    spec = find_system(system).spec
    for name in path.split("."):
        if not is_dataclass(spec) or name not in (field.name for field in fields(spec)):
            return False
        spec = getattr(spec, name)
    return True


def needs(system: str, what: str) -> bool:
    """Whether a system needs an image, weights, a GPU or a teacher."""
    return what in find_system(system).needs


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings by dotted names: `{"decoding": {"beam": 5}}` -> `{"decoding.beam": 5}`."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        path = f"{before}.{name}" if before else name
        found.update(flat(value, path) if isinstance(value, Mapping) else {path: value})
    return found
