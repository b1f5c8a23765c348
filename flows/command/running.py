"""Runs a flow from the command line, on the Prefect server that is configured or a private one."""

import logging
import sys
from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, get_args, get_origin

from mmkp_core.errors import UnknownName

logger = logging.getLogger(__name__)


def run_flow(name: str, parameters: Mapping[str, Any]) -> Any:
    """Start or join a server, run the flow, and wait until its history is written."""
    from flows.server.private import prefect_api, server_home

    with prefect_api(server_home()):
        return run_here(name, parameters)


def run_here(name: str, parameters: Mapping[str, Any]) -> Any:
    """Run a flow against the server of this process; a failure that is ours to explain rises as its one sentence."""
    from flows.server.bootstrap import make_limits
    from flows.server.deployments import find_flow
    from storage.catalog import refresh
    from tasks.run.store import open_store

    flow = find_flow(name)
    make_limits()
    try:
        result = flow(**checked(flow, parameters))
    except BaseException:
        try:
            refresh(open_store())
        except Exception as error:  # what stopped the flow is what is told
            logger.warning("the catalog's file is as it was before this run: %s", error)
        raise
    refresh(open_store())  # whoever reads the catalog's file after a flow finds all of it
    return result


def parameters_of(flow: Any) -> Mapping[str, Parameter]:
    """A flow's parameters by name, their types as objects."""
    return signature(flow.fn, eval_str=True).parameters


def checked(flow: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`parameters` as the flow's own types, or an error in one line that names the wrong one."""
    from pydantic import ValidationError

    from mmkp_core.spec import adapter, refusal

    known = parameters_of(flow)
    result = {}
    for name, value in parameters.items():
        if name not in known:
            raise UnknownName(f"parameter of {flow.name}", name, known)
        kind = known[name].annotation
        _refuse_unknown_choice(name, kind, value)
        try:
            result[name] = adapter(kind).validate_python(value)
        except ValidationError as error:
            raise refusal(error, kind, name) from None
    return result


def _refuse_unknown_choice(name: str, kind: Any, value: Any) -> None:
    """The nearest right one is of more use than the list of all systems."""
    if get_origin(kind) is list and isinstance(value, list):
        for item in value:
            _refuse_unknown_choice(name.removesuffix("s"), get_args(kind)[0], item)
    elif (choices := choices_of(kind)) and value not in choices:
        raise UnknownName(name, str(value), choices)


def choices_of(kind: Any) -> tuple[str, ...]:
    """The values of a `Literal`; none for anything else."""
    from typing import Annotated, Literal

    if get_origin(kind) is Annotated:
        return choices_of(get_args(kind)[0])
    return get_args(kind) if get_origin(kind) is Literal else ()


def refuse_unknown_name(kind: str, name: str) -> None:
    """A slip of the pen is told before a server starts."""
    from tasks.run.store import open_store

    open_store().resolve(kind, name)


def say(message: str) -> None:
    """To the person, beside the data on standard output."""
    print(message, file=sys.stderr, flush=True)
