"""Reads the deployments that `prefect.yaml` declares, into the form that `mmkp serve` runs.

The file is the one source: `prefect deploy --all` reads it for workers, this reads it for serving. Pools and
pull steps are the workers' matter and left out here; everything else is the same.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.spec import adapter, refusal

if TYPE_CHECKING:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import Flow


CHECKOUT = Path(__file__).resolve().parents[2] / "prefect.yaml"
PREFECT_YAML = CHECKOUT if CHECKOUT.exists() else Path(sys.prefix) / "share" / "mmkp" / "prefect.yaml"
"""The project's own file, which an installed package brings along."""


@cache
def declared(prefect_yaml: Path = PREFECT_YAML) -> tuple[Mapping[str, Any], ...]:
    """The entries under `deployments`."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it is: the help waits for it
    return tuple(yaml.load(prefect_yaml.read_text(), loader)["deployments"])


def flow_names() -> list[str]:
    """Every flow is deployed under its own name."""
    return [str(entry["name"]) for entry in declared()]


def find_flow(name: str) -> "Flow[..., Any]":
    """The flow that is deployed under this name."""
    for entry in declared():
        if entry["name"] == name:
            return flow_at(entry["entrypoint"])
    raise UnknownName("flow", name, flow_names())


def deployments_from(prefect_yaml: Path) -> "list[RunnerDeployment]":
    """Each entry, its flow loaded and its parameters checked against the flow's types."""
    root = str(prefect_yaml.absolute().parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    return [deployment_from(entry, prefect_yaml) for entry in declared(prefect_yaml)]


def deployment_from(entry: Mapping[str, Any], prefect_yaml: Path) -> "RunnerDeployment":
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.deployments.runner import RunnerDeployment
    from prefect.events import DeploymentTriggerTypes, TriggerTypes
    from prefect.types.entrypoint import EntrypointType
    from pydantic import TypeAdapter

    flow = flow_at(entry["entrypoint"])
    parameters = entry.get("parameters") or {}
    check_parameters(flow, parameters, f"{prefect_yaml}: deployment {entry['name']!r}")
    limit = entry.get("concurrency_limit")
    triggers = [{"name": f"{entry['name']}-{n}", **trigger} for n, trigger in enumerate(entry.get("triggers") or (), 1)]
    return RunnerDeployment.from_flow(
        flow,
        name=entry["name"],
        description=entry.get("description"),
        version=entry.get("version"),
        tags=entry.get("tags"),
        parameters=parameters,
        enforce_parameter_schema=entry.get("enforce_parameter_schema", True),
        concurrency_limit=ConcurrencyLimitConfig(**limit) if isinstance(limit, dict) else limit,
        schedules=schedules_from(entry.get("schedules") or ()),
        triggers=TypeAdapter(list[DeploymentTriggerTypes | TriggerTypes]).validate_python(triggers),
        entrypoint_type=EntrypointType.MODULE_PATH,  # found by import, whatever folder a flow process starts in
    )


def flow_at(entrypoint: str) -> "Flow[..., Any]":
    """The flow of `flows/train.py:train` or `flows.train:train`."""
    path, _, name = entrypoint.rpartition(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    flow: Flow[..., Any] = getattr(module, name)
    return flow


def check_parameters(flow: "Flow[..., Any]", parameters: Mapping[str, Any], where: str) -> None:
    """Each given value against its type; what is not given is the form's or the caller's matter."""
    from pydantic import ValidationError

    types = get_type_hints(flow.fn, include_extras=True)
    types.pop("return", None)
    for name, value in parameters.items():
        if name not in types:
            raise UnknownName(f"parameter of the flow {flow.name!r}", name, types, hint=f"({where})")
        try:
            adapter(types[name]).validate_python(value)
        except ValidationError as error:
            raise WrongInput(f"{where}: {refusal(error, types[name], name)}") from error


def schedules_from(entries: Sequence[Mapping[str, Any]]) -> "list[DeploymentScheduleCreate]":
    from prefect.client.schemas.actions import DeploymentScheduleCreate

    own = ("active", "parameters", "slug", "max_scheduled_runs")
    return [
        DeploymentScheduleCreate.model_validate(
            {key: entry[key] for key in own if key in entry}
            | {"schedule": {key: value for key, value in entry.items() if key not in own}}
        )
        for entry in entries
    ]
