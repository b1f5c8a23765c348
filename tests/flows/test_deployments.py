"""Every entry of prefect.yaml loads, says what its flow says, and ships with its schedules off."""

from pathlib import Path
from typing import Any

import pytest

from flows.server.bootstrap import POOL, POOLS
from flows.server.deployments import PREFECT_YAML, declared, deployment_from, flow_at

ROOT = Path(__file__).resolve().parents[2]
DECLARED = declared()
NOT_FLOWS = {"__init__", "stages", "settings"}
CHOSEN = f"{{{{ prefect.variables.{POOL} }}}}"


def test_there_is_a_deployment_for_each_flow() -> None:
    flows = {path.stem for path in (ROOT / "flows").glob("*.py")} - NOT_FLOWS
    assert sorted(entry["name"] for entry in DECLARED) == sorted(flows)
    assert [entry["entrypoint"] for entry in DECLARED] == [f"flows/{e['name']}.py:{e['name']}" for e in DECLARED]


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry["name"])
def test_an_entry_loads_as_served(entry: dict[str, Any]) -> None:
    deployment = deployment_from(entry, PREFECT_YAML)
    assert deployment.flow_name == entry["name"]
    assert "mmkp" in deployment.tags
    assert deployment.enforce_parameter_schema
    assert all(schedule.active is False and schedule.slug for schedule in deployment.schedules or [])


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry["name"])
def test_a_deployment_and_its_command_are_described_by_the_flows_docstring(entry: dict[str, Any]) -> None:
    from flows.command.options import summary

    assert entry["description"] == summary(flow_at(entry["entrypoint"]))


def test_what_trains_or_predicts_works_in_the_pool_that_the_operator_chooses() -> None:
    pools = {entry["name"]: entry["work_pool"]["name"] for entry in DECLARED}
    assert {name for name, pool in pools.items() if pool == CHOSEN} >= {"train", "predict", "retrain", "benchmark"}
    assert set(pools.values()) == {CHOSEN, "cpu"}
    assert POOLS == ("cpu", "gpu")


@pytest.mark.flow
@pytest.mark.usefixtures("prefect_server")
def test_the_pool_is_a_variable_of_the_server_and_cpu_until_it_is_changed() -> None:
    import asyncio

    from prefect.utilities.templating import resolve_variables
    from prefect.variables import Variable

    from flows.server.bootstrap import choose_pool

    def pool() -> str:
        [train] = [entry for entry in DECLARED if entry["name"] == "train"]
        return str(asyncio.run(resolve_variables(train))["work_pool"]["name"])

    choose_pool()
    assert pool() == "cpu"
    Variable.set(POOL, "gpu", overwrite=True)
    choose_pool()
    assert pool() == "gpu"
    Variable.unset(POOL)


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry["name"])
def test_every_field_of_a_form_is_described(entry: dict[str, object]) -> None:
    schema = flow_at(str(entry["entrypoint"])).parameters.model_dump()
    bare = [name for name, field in schema["properties"].items() if not _described(field, schema["definitions"])]
    bare += [
        f"{kind}.{name}"
        for kind, definition in schema["definitions"].items()
        for name, field in definition.get("properties", {}).items()
        if not _described(field, schema["definitions"])
    ]
    assert bare == []


def _described(field: dict[str, object], definitions: dict[str, dict[str, object]]) -> bool:
    refs = [field.get("$ref"), *(part.get("$ref") for part in field.get("allOf", []))]  # type: ignore[attr-defined]
    targets = [definitions[str(ref).rsplit("/", 1)[-1]] for ref in refs if ref]
    return bool(field.get("description")) or any(target.get("description") for target in targets)
