"""Specs: frozen settings with bounds and meanings, one form for all of them, and the way to JSON and back.

A spec holds what changes a result and nothing else. Its bounds are annotations and its meanings attribute docstrings,
so that the same class is checked on the command line, drawn as a form and hashed into an address.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar, dataclass_transform, get_type_hints

from mmkp_core.errors import UnknownName, WrongInput, lower_first
from mmkp_core.identity import canonical

T = TypeVar("T")

FORM = {"use_attribute_docstrings": True, "extra": "forbid"}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def spec(cls: type[T]) -> type[T]:
    """A frozen, keyword-only dataclass whose form shows its attribute docstrings and refuses unknown keys."""
    cls.__pydantic_config__ = FORM  # type: ignore[attr-defined]
    return dataclass(frozen=True, kw_only=True)(cls)


def dump(value: Any) -> Any:
    """`value` as plain JSON types, in the form that `load` reads and addresses are made from."""
    return canonical(value)


def load(kind: type[T], document: Any) -> T:
    """What `dump` wrote, checked as a form is; an error names the first setting that is wrong."""
    from pydantic import ValidationError

    try:
        return adapter(kind).validate_python(document)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise WrongInput(explained(error)) from None


@functools.cache
def adapter(kind: Any) -> Any:
    """pydantic's view of a type; built once, since building costs more than checking."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def explained(error: Any, before: str = "") -> str:
    """The first of pydantic's complaints as one line: which setting, its value, what is wrong."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in (*filter(None, [before]), *first["loc"]))
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"there is no setting {path!r}"
    return f"{path} = {first['input']!r}: {lower_first(first['msg'])}"


def changed(value: T, settings: Mapping[str, Any]) -> T:
    """A spec with fields, named by dotted paths like `training.epochs`, set to other values; each checked as in a form.

    A value may also be a mapping, which changes the fields of the part that it names.
    """
    for path, new in settings.items():
        value = _with(value, path.split("."), new, path)
    return value


def _with(value: Any, path: list[str], new: Any, whole: str) -> Any:
    name, *rest = path
    known = {f.name: getattr(value, f.name) for f in fields(value)}
    if name not in known:
        inside = [f"{outer}.{name}" for outer, inner in known.items() if has_setting(inner, name)]
        if inside:
            raise WrongInput(f"no setting is called {whole!r}; did you mean {inside[0]!r}?")
        raise UnknownName("setting", name, known, f"(in {whole!r})")
    inner = known[name]
    if rest:
        if not is_dataclass(inner):
            raise WrongInput(f"{whole!r}: {name} is a plain value, it has no setting {rest[0]!r}")
        return replace(value, **{name: _with(inner, rest, new, whole)})
    if is_dataclass(inner) and isinstance(new, Mapping) and set(new) <= {f.name for f in fields(inner)}:
        for key, one in new.items():
            inner = _with(inner, [key], one, f"{whole}.{key}")
        return replace(value, **{name: inner})
    return replace(value, **{name: _checked(type(value), name, new, whole)})


def _checked(kind: type, name: str, new: Any, whole: str) -> Any:
    from pydantic import ValidationError

    hint = get_type_hints(kind, include_extras=True)[name]
    try:
        return adapter(hint).validate_python(new)
    except ValidationError as error:
        raise WrongInput(explained(error, whole)) from None


def has_setting(value: Any, path: str) -> bool:
    """Whether a spec has a setting of that dotted name; reference lines have no `training.epochs`."""
    for name in path.split("."):
        if not is_dataclass(value) or name not in (f.name for f in fields(value)):
            return False
        value = getattr(value, name)
    return True


def walk(value: Any, before: str = "") -> Iterator[tuple[str, Any, type]]:
    """Every plain setting of a spec: its dotted path, its value, and the class that has it."""
    for f in fields(value):
        inner, path = getattr(value, f.name), f"{before}{f.name}"
        if is_dataclass(inner) and not isinstance(inner, type):
            yield from walk(inner, f"{path}.")
        else:
            yield path, inner, type(value)
