"""Every entry of prefect.yaml loads, accepts its parameters, and ships with its schedules off."""

from pathlib import Path

import pytest
import yaml

from flows.server.catalogue import FLOWS

ROOT = Path(__file__).resolve().parent.parent
DECLARED = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


def test_there_is_a_deployment_for_each_flow() -> None:
    assert sorted(entry["name"] for entry in DECLARED) == sorted(FLOWS)


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry["name"])
def test_an_entry_loads_as_served(entry: dict[str, object]) -> None:
    from flows.server.deployments import deployment_from

    deployment = deployment_from(entry, ROOT / "prefect.yaml")
    assert deployment.description
    assert deployment.enforce_parameter_schema
    assert all(schedule.active is False and schedule.slug for schedule in deployment.schedules or [])


@pytest.mark.parametrize("entry", DECLARED, ids=lambda entry: entry["name"])
def test_every_field_of_a_form_is_described(entry: dict[str, object]) -> None:
    from flows.server.deployments import flow_at

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
