"""Every setting of a spec by its dotted path, with what it is now, what it may be and what it means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmkp_core.spec import adapter, dump, walk

KINDS = {
    "integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "array": "list",
    "object": "table",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, as `mmkp settings` shows it."""

    path: str
    default: Any
    kind: str
    bounds: str
    choices: tuple[Any, ...]
    about: str

    def document(self) -> dict[str, Any]:
        return {
            "setting": self.path, "default": self.default, "kind": self.kind, "bounds": self.bounds,
            "choices": list(self.choices), "about": self.about,
        }  # fmt: skip


def settings_of(spec: Any) -> Iterator[Setting]:
    """Every plain setting of a spec."""
    for path, value, owner in walk(spec):
        schema = adapter(owner).json_schema()
        field = schema["properties"][path.rpartition(".")[2]]
        resolved = resolve(field, schema)
        yield Setting(path, dump(value), kind_of(resolved), bounds(resolved), choices_in(resolved), about_of(field))


def resolve(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The field with what it refers to."""
    if reference := field.get("$ref"):
        found: Mapping[str, Any] = schema["$defs"][reference.rsplit("/", 1)[-1]]
        return {**found, **{key: value for key, value in field.items() if key != "$ref"}}
    return field


def about_of(field: Mapping[str, Any]) -> str:
    return " ".join(str(field.get("description", "")).split())


def kind_of(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(kind_of(one) for one in field["anyOf"]))
    return KINDS.get(str(field.get("type", "")), "text" if choices_in(field) else "value")


def choices_in(field: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(field.get("enum", ())) or ((field["const"],) if "const" in field else ())


def bounds(field: Mapping[str, Any]) -> str:
    """The least and the most that a number or the length of a text may be, in words; empty where there is neither."""
    low, above = field.get("minimum"), field.get("exclusiveMinimum")
    high, below = field.get("maximum"), field.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    limits = [("at least", low), ("above", above), ("up to", high), ("below", below)]
    words = [f"{word} {_number(limit)}" for word, limit in limits if limit is not None]
    return ", ".join(words) or ("not empty" if field.get("minLength") else "")


def _number(value: float) -> str:
    return f"{value:g}" if value % 1 else f"{int(value):,}"
