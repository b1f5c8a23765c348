"""Specs: frozen settings with bounds and meanings, one form for all of them, and the way to JSON and back.

A spec holds what changes a result and nothing else. Its bounds are annotations and its meanings attribute docstrings,
so that the same class is checked on the command line, drawn as a form and hashed into an address.
"""

import functools
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar, cast, dataclass_transform, get_args, get_type_hints

from mmkp_core.errors import UnknownName, WrongInput, lower_first
from mmkp_core.identity import canonical

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def spec(cls: type[T]) -> type[T]:
    """A frozen, keyword-only dataclass whose form shows its attribute docstrings and refuses unknown keys."""
    cls.__pydantic_config__ = FORM  # type: ignore[attr-defined]
    return dataclass(frozen=True, kw_only=True)(cls)


def _complete_form(schema: dict[str, Any], cls: type) -> None:
    """Add what pydantic leaves out: names of parts, else headed by their class, and meanings of inherited fields."""
    for name, field_schema in schema.get("properties", {}).items():
        field_schema.setdefault("title", name.replace("_", " ").title())
    for base in cls.__mro__[1:-1]:
        known = adapter(base).json_schema()["properties"]
        for name, field_schema in schema.get("properties", {}).items():
            if "description" in known.get(name, {}):
                field_schema.setdefault("description", known[name]["description"])


FORM = {"use_attribute_docstrings": True, "extra": "forbid", "json_schema_extra": _complete_form}


def dump(value: Any) -> Any:
    """`value` as plain JSON types, in the form that `load` reads and addresses are made from."""
    return canonical(value)


def load(kind: type[T], document: Any) -> T:
    """What `dump` wrote, checked as a form is; an error names the first setting that is wrong."""
    from pydantic import ValidationError

    try:
        return adapter(kind).validate_python(document)  # type: ignore[arg-type, no-any-return]
    except ValidationError as error:
        raise refusal(error, kind) from None


# pydantic reads docstrings by `ast.parse`, which fails at times in two threads at once (CPython issue 106905)
_building = threading.RLock()


@functools.cache
def adapter(kind: Any) -> Any:
    """pydantic's view of a type; built once, since building costs more than checking, and by one thread at a time."""
    from pydantic import TypeAdapter

    with _building:
        return TypeAdapter(kind)


def refusal(error: Any, kind: Any, before: str = "") -> WrongInput:
    """The first of pydantic's complaints about a value of `kind`, in one line: which setting, and what is wrong."""
    first = error.errors()[0]
    path = [str(part) for part in (*filter(None, [before]), *first["loc"])]
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = _names_at(kind, first["loc"][:-1])
        return UnknownName(f"setting of {'.'.join(path[:-1])}" if path[:-1] else "setting", path[-1], known)
    return WrongInput(f"{'.'.join(path)} = {first['input']!r}: {lower_first(first['msg'])}")


def _names_at(kind: Any, path: Sequence[Any]) -> list[str]:
    """The settings of the spec that stands at `path` inside a `kind`."""
    choices = [choice for choice in get_args(kind) or (kind,) if is_dataclass(choice)]
    if not path:
        return [f.name for choice in choices for f in fields(choice)]
    inner = [get_type_hints(choice)[path[0]] for choice in choices if path[0] in get_type_hints(choice)]
    if not inner:  # the name of a choice, which stands in the path and is no field
        return _names_at(kind, path[1:])
    return [name for one in inner for name in _names_at(one, path[1:])]


def changed(value: T, settings: Mapping[str, Any]) -> T:
    """A spec with fields, named by dotted paths like `training.epochs`, set to other values; each checked as in a form.

    In a list of named specs the path goes by name: `stages.handover.epochs`. `fusion.kind` puts a part of that kind in
    the place of what stands there; a setting of a part that is not there, and can be of one class alone, puts it there:
    `topics.words`. A value may also be a mapping, which changes the fields of the part that it names.
    """
    for path, new in settings.items():
        value = _with(value, path.split("."), new, path)
    return value


def _with(value: Any, path: list[str], new: Any, whole: str) -> Any:
    name, *rest = path
    known = _inside(value)
    if name not in known:
        inside = [f"{outer}.{name}" for outer, inner in known.items() if has_setting(inner, name)]
        if inside:
            raise WrongInput(f"no setting is called {whole!r}; did you mean {inside[0]!r}?")
        raise UnknownName("setting", name, known, f"(in {whole!r})")
    inner = known[name]
    if rest == ["kind"] and (kinds := _kinds(type(value), name)):
        if new not in kinds:
            raise UnknownName(name, new, kinds)
        return value if _kind(inner) == new else replace(value, **{name: kinds[new]()})
    if isinstance(inner, Mapping):  # an open table, like the settings of each system: what it holds stays
        for key in reversed(rest):
            new, whole = {key: new}, whole.removesuffix(f".{key}")
        new, rest = merged(inner, new) if isinstance(new, Mapping) else new, []
    if rest:
        if inner is None and (made := _only_choice(type(value), name)):
            inner = made()
        if not _inside(inner):
            raise WrongInput(f"{whole!r}: {name} is a plain value, it has no setting {rest[0]!r}")
        return _replaced(value, name, _with(inner, rest, new, whole))
    if isinstance(new, Mapping) and _goes_into(type(value), name, inner, new):
        for key, one in new.items():
            inner = _with(inner, [key], one, f"{whole}.{key}")
        return _replaced(value, name, inner)
    if isinstance(value, tuple):
        raise WrongInput(f"{whole!r}: name what changes in it, as in '{whole}.{next(iter(_inside(inner)))}'")
    return replace(value, **{name: _checked(type(value), name, new, whole)})


def _inside(value: Any) -> dict[str, Any]:
    """What a path can name inside a value: a spec's fields, or the specs of a tuple by their names."""
    if isinstance(value, tuple):
        return {item.name: item for item in value if is_dataclass(item) and hasattr(item, "name")}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return {}


def _goes_into(owner: type, name: str, inner: Any, new: Mapping[str, Any]) -> bool:
    """Whether a mapping changes fields of the part that is there, rather than putting one of another class there."""
    inside = _inside(inner)
    only = is_dataclass(owner) and get_type_hints(owner)[name] is type(inner)
    return bool(inside) and (only or set(new) <= set(inside))


def _replaced(value: Any, name: str, new: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(new if item.name == name else item for item in value)
    return replace(value, **{name: new})


def _kinds(owner: type, name: str) -> dict[str, type]:
    """The specs that may stand in a field, by their `kind`; one whose `kind` is a setting is no choice among them."""
    hint = get_type_hints(owner).get(name) if is_dataclass(owner) else None
    choices = [choice for choice in get_args(hint) or (hint,) if isinstance(choice, type) and hasattr(choice, "kind")]
    return {choice.kind: choice for choice in choices if len(get_args(get_type_hints(choice)["kind"])) == 1}


def _only_choice(owner: type, name: str) -> type | None:
    """The one spec that may stand in a field which may also be empty."""
    hint = get_type_hints(owner).get(name) if is_dataclass(owner) else None
    choices = [choice for choice in get_args(hint) if is_dataclass(choice)]
    return cast("type", choices[0]) if len(choices) == 1 else None


def _kind(value: Any) -> Any:
    return getattr(value, "kind", None)


def _checked(kind: type, name: str, new: Any, whole: str) -> Any:
    from pydantic import ValidationError

    hint = get_type_hints(kind, include_extras=True)[name]
    try:
        return adapter(hint).validate_python(new)
    except ValidationError as error:
        raise refusal(error, hint, whole) from None


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables laid over each other; the later count more."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            inner = result.get(key)
            both = isinstance(inner, Mapping) and isinstance(value, Mapping)
            result[key] = merged(inner or {}, value) if both else value
    return result


def has_setting(value: Any, path: str) -> bool:
    """Whether a spec has a setting of that dotted name; reference lines have no `training.epochs`."""
    for name in path.split("."):
        inside = _inside(value)
        if name not in inside:
            return False
        value = inside[name]
    return True


def walk(value: Any, before: str = "") -> Iterator[tuple[str, Any, type]]:
    """Every plain setting of a spec: its dotted path, its value, and the class that has it."""
    for name, inner in _inside(value).items():
        path = f"{before}{name}"
        if _inside(inner):
            yield from walk(inner, f"{path}.")
        else:
            yield path, inner, type(value)
