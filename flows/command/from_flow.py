"""Makes the command of a flow from the flow's signature and docstring.

A first parameter that must be given is said by its place, the others by options of their names. A `Source` becomes
the name of a file with options for what belongs to it; beside `data` it is the same option, which takes either.
`settings` become `--set` and `--config`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, get_origin

from flows.command import options
from flows.command.given import check_systems, given_settings
from flows.command.running import parameters_of, refuse_unknown_name, run_flow
from flows.command.sources import file_source, is_source, name_after, name_or_file

NAMED = {"dataset": "dataset", "split": "split", "splits": "split", "run": "run", "runs": "run"}
"""Parameters that name something of a kind in the store, which is looked up before a server starts."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """Where a command differs from what follows from its flow's signature."""

    data: str = "data"
    """The option that names DATA."""
    by_option: Sequence[str] = ()
    """Parameters that are said by an option although they come first and must be given."""
    more: Sequence[Parameter] = ()
    """Options for what is done beside the flow."""
    before: Callable[[Mapping[str, Any], set[str]], None] = lambda given, said: None
    """Called with all options, and the names of those that were said, before anything starts."""
    after: Callable[[Any, Mapping[str, Any]], None] = lambda result, given: print(result)
    """Called with what the flow returned."""


def command_of(name: str, spelling: Spelling | None = None) -> Callable[..., None]:
    """A function whose signature and docstring are the command's."""
    from flows.server.deployments import find_flow

    spelling = spelling or Spelling()
    flow = find_flow(name)
    signature = Signature([*options_of(flow, spelling), *spelling.more])

    def command(*words: Any, **named: Any) -> None:
        bound = signature.bind(*words, **named)
        said = set(bound.arguments)
        bound.apply_defaults()
        spelling.before(bound.arguments, said)
        parameters = flow_parameters(flow, spelling, bound.arguments)
        spelling.after(run_flow(name, parameters), bound.arguments)

    command.__name__ = name
    command.__doc__ = options.description(flow)
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {option.name: option.annotation for option in signature.parameters.values()}
    return command


def options_of(flow: Any, spelling: Spelling) -> list[Parameter]:
    """The words of the command: those said by their place first, the settings last."""
    about = options.meanings(flow)
    known = parameters_of(flow)
    first = next(iter(known.values()))
    found: list[Parameter] = []
    for name, parameter in known.items():
        by_place = parameter is first and parameter.default is Parameter.empty and name not in spelling.by_option
        if name == "rebuild":
            continue
        if name == "settings":
            found += options.of_settings()
        elif name == "data":
            found.append(options.of_data(spelling.data))
        elif not is_source(parameter.annotation):
            found.append(options.of_value(parameter, about[name], by_place=by_place, names_file="source" in known))
        elif name == "source":
            found += [] if "data" in known else [options.of_file("source", about[name], by_place=True)]
            found += options.beside_file(parameter.annotation)
        else:
            found.append(options.of_file(name, about[name], by_place=False))
    if "rebuild" in known:
        found.append(options.of_flag("rebuild", about["rebuild"]))
    return sorted(found, key=lambda option: option.kind)


def flow_parameters(flow: Any, spelling: Spelling, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, as the flow's parameters; what can be known to be wrong is refused here."""
    found: dict[str, Any] = {}
    known = parameters_of(flow)
    for name, parameter in known.items():
        if name == "settings":
            found[name] = _settings(parameter, given)
        elif name == "data":
            found |= name_or_file(given[spelling.data], given)
        elif not is_source(parameter.annotation):
            found[name] = _value(name, given[name], several=get_origin(parameter.annotation) is list)
        elif name == "source":
            found |= {} if "data" in known else {name: file_source(given[name], given)}
        elif given[name]:
            found[name] = file_source(given[name], given, beside=False)
    if "source" in known and not found.get("name", "-"):
        found["name"] = name_after(given["source"])
    return found


def _value(name: str, value: Any, *, several: bool) -> Any:
    """The value of one option; what it names in the store must be there."""
    values = options.parted(value) if several else [value]
    if kind := NAMED.get(name):
        for one in filter(None, values):
            if (name, one) != ("run", "champion"):
                refuse_unknown_name(kind, one)
    return values if several else value


def _settings(parameter: Parameter, given: Mapping[str, Any]) -> Any:
    """The flow's settings, or for a flow that trains one system the changes to that system's own."""
    pairs, config = given["set"], Path(given["config"]) if given["config"] else None
    if isinstance(parameter.default, Mapping):
        from mmkp_core.systems import find_system

        return given_settings(find_system(given["system"]).spec, pairs, config)[1]
    settings, _ = given_settings(parameter.default, pairs, config)
    check_systems(settings)
    return settings
