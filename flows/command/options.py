"""The options of a command as the command line library reads them, with their meaning, bounds and choices."""

from collections.abc import Mapping
from inspect import Parameter, cleandoc
from typing import Annotated, Any, Literal, get_args, get_origin

import cyclopts

from flows.command.running import choices_of
from flows.command.settings_table import about_of, bounds, choices_in, resolve
from mmkp_core.spec import adapter

PLACE, OPTION = Parameter.POSITIONAL_ONLY, Parameter.KEYWORD_ONLY


def description(flow: Any) -> str:
    """A flow's docstring without the part about its parameters."""
    return cleandoc(flow.fn.__doc__ or "").partition("\n\nArgs:")[0]


def summary(flow: Any) -> str:
    """The first sentence of a flow's docstring, which its deployment and the list of commands bear."""
    return " ".join(description(flow).partition("\n\n")[0].split())


def meanings(flow: Any) -> Mapping[str, str]:
    """What a flow's docstring says of each parameter, as its form shows it."""
    from prefect.utilities.callables import parameter_docstrings

    return {name: " ".join(about.split()) for name, about in parameter_docstrings(flow.fn.__doc__).items()}


def of_value(parameter: Parameter, about: str, *, by_place: bool) -> Parameter:
    """The option of a plain parameter."""
    name, kind, default = parameter.name, parameter.annotation, parameter.default
    choices = () if name == "system" else choices_of(kind)
    if kind is bool:
        return of_flag(name, about)
    if get_origin(kind) is list:
        shown = default if default is Parameter.empty else ",".join(map(str, default))
        metavar = f"{name.removesuffix('s').upper()},..."
        return option(name, str, shown, f"{about} Several with commas between.", metavar=metavar)
    if limits := bounds(adapter(kind).json_schema()):
        about = f"{about} Allowed: {limits}."
    if name == "system":
        about = f"{about} An id from `mmkp systems`."
    plain = Literal[choices] if choices else _plain(kind)
    return option(name, plain, default, about, by_place=by_place, metavar=name.upper() if plain is str else None)


def _plain(kind: Any) -> Any:
    """The type that the command line library turns the text into; bounds are checked with the flow's own types."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return kind if kind in (int, float) else str


def of_data(name: str) -> Parameter:
    """The option that names a split or data set in the store, or a file."""
    return option(name, str, Parameter.empty, "A name in the store, or a file of posts.", metavar="DATA")


def of_file(name: str, about: str, *, by_place: bool) -> Parameter:
    return option(name, str, Parameter.empty if by_place else "", about, by_place=by_place, metavar="FILE")


def beside_file(source: Any) -> list[Parameter]:
    """Options for what else a source says: its layout and the files that belong to it."""
    schema = adapter(source).json_schema()
    found = []
    for name, field in schema["properties"].items():
        about, choices = about_of(field), choices_in(resolve(field, schema))
        if name == "columns":
            found.append(option("map", str, "", f"{about} Like post_id=id,text=body.", metavar="FIELD=COLUMN,..."))
        elif choices:
            found.append(option(name, Literal[choices], field["default"], about))
        elif name != "path":
            metavar = {"images": "DIR", "id_prefix": "TEXT"}.get(name, "FILE")
            found.append(option(name, str, "", about, metavar=metavar))
    return found


def of_name_after_file(about: str) -> Parameter:
    """The name of what is made from a file."""
    return option("name", str, "", f"{about} The file's name unless given.", metavar="NAME")


def of_settings(where: str) -> list[Parameter]:
    """The options for everything that is not a parameter of its own; `mmkp settings` lists it under `where`."""
    pairs = f"Change a setting by its dotted path; may be repeated. `mmkp settings {where}` lists them."
    file = "Settings from a TOML, JSON or YAML file; --set counts more."
    return [
        option("set", tuple[str, ...], (), pairs, metavar="NAME=VALUE"),
        option("config", str, "", file, metavar="FILE"),
    ]


def of_flag(name: str, about: str) -> Parameter:
    return option(name, bool, False, about)


def option(name: str, kind: Any, default: Any, about: str, *, by_place: bool = False, **how: Any) -> Parameter:
    """One word of a command."""
    if not by_place:
        how["name"] = f"--{name.replace('_', '-')}"
    annotation = Annotated[kind, cyclopts.Parameter(help=about, **how)]
    return Parameter(name, PLACE if by_place else OPTION, default=default, annotation=annotation)


def parted(text: str) -> list[str]:
    """`copy,tfidf` as the items of a list."""
    return [item.strip() for item in text.split(",") if item.strip()]
