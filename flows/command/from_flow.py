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
from flows.command.running import checked, parameters_of, refuse_unknown_name, run_flow
from flows.command.sources import file_source, is_source, name_after, name_or_file
from mmkp_core.errors import WrongInput
from mmkp_core.spec import has_setting
from mmkp_core.systems import find_system

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
    first = next(iter(known))
    found: list[Parameter] = []
    for name, parameter in known.items():
        required = parameter.default is Parameter.empty
        if name == "settings":
            found += options.of_settings("SYSTEM" if isinstance(parameter.default, Mapping) else flow.name)
        elif name == "data":
            found.append(options.of_data(spelling.data))
        elif is_source(parameter.annotation):
            if name != "source" or "data" not in known:
                found.append(options.of_file(name, about[name], by_place=name == "source"))
            if name == "source":
                found += options.beside_file(parameter.annotation)
        elif name == "name" and required and "source" in known:
            found.append(options.of_name_after_file(about[name]))
        else:
            by_place = required and name == first and name not in spelling.by_option
            found.append(options.of_value(parameter, about[name], by_place=by_place))
    return sorted(found, key=lambda option: option.kind)


def flow_parameters(flow: Any, spelling: Spelling, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, as the flow's parameters; what can be known to be wrong is refused here."""
    found: dict[str, Any] = {}
    known = parameters_of(flow)
    for name, parameter in known.items():
        value: Any = given.get(name)
        if name == "settings":
            found[name] = _settings(parameter, given)
        elif name == "data":
            found |= name_or_file(given[spelling.data], given)
        elif name == "name" and not value and parameter.default is Parameter.empty:
            found[name] = name_after(given["source"])
        elif not is_source(parameter.annotation):
            value = options.parted(value) if get_origin(parameter.annotation) is list else value
            found |= checked(flow, {name: value})
            _refuse_unknown_names(name, value)
        elif name == "source" and "data" not in known:
            found[name] = file_source(value, given)
        elif name != "source" and value:
            found[name] = file_source(value, given, beside=False)
    return checked(flow, found)


def _refuse_unknown_names(name: str, value: Any) -> None:
    """What an option names in the store must be there."""
    if kind := NAMED.get(name):
        for one in value if isinstance(value, list) else [value]:
            if one and (name, one) != ("run", "champion"):
                refuse_unknown_name(kind, one)


def _settings(parameter: Parameter, given: Mapping[str, Any]) -> Any:
    """The flow's settings, or for a flow that trains one system the changes to that system's own."""
    pairs, config = given["set"], Path(given["config"]) if given["config"] else None
    one_system = isinstance(parameter.default, Mapping)
    spec = find_system(given["system"]).spec if one_system else parameter.default
    for pair in pairs:
        name = pair.partition("=")[0]
        if name in given and not has_setting(spec, name):
            raise WrongInput(f"--set {pair}: {name} is an option of its own, --{name.replace('_', '-')}")
    settings, changes = given_settings(spec, pairs, config)
    check_systems(settings)
    return changes if one_system else settings
