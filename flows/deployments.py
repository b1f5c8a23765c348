"""Which deployments does `prefect.yaml` declare, in the form that `mmkp serve` runs?

The file is the one source: `prefect deploy --all` reads it for workers, this reads it for serving. Pools and
pull steps are the workers' matter and left out here; everything else is the same.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmkp_core.errors import WrongInput

if TYPE_CHECKING:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import Flow


def deployments_from(prefect_yaml: Path) -> "list[RunnerDeployment]":
    """Each entry under `deployments`, its flow loaded and its parameters checked against the flow's types."""
    import yaml  # type: ignore[import-untyped]

    declared = yaml.safe_load(prefect_yaml.read_text())
    root = str(prefect_yaml.absolute().parent)
    if root not in sys.path:
        sys.path.insert(0, root)
    return [deployment_from(entry, prefect_yaml) for entry in declared["deployments"]]


def deployment_from(entry: Mapping[str, Any], prefect_yaml: Path) -> "RunnerDeployment":
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.deployments.runner import RunnerDeployment
    from prefect.events import DeploymentTriggerTypes, TriggerTypes
    from prefect.exceptions import ParameterTypeError
    from prefect.types.entrypoint import EntrypointType
    from pydantic import TypeAdapter

    flow = flow_at(entry["entrypoint"])
    parameters = entry.get("parameters") or {}
    try:
        flow.validate_parameters({**defaults_of(flow), **parameters})
    except ParameterTypeError as refusal:
        raise WrongInput(f"{prefect_yaml}: deployment {entry['name']!r}: {refusal}") from refusal
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


def defaults_of(flow: "Flow[..., Any]") -> dict[str, Any]:
    from inspect import Parameter, signature

    known = signature(flow.fn).parameters.values()
    return {parameter.name: parameter.default for parameter in known if parameter.default is not Parameter.empty}


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
