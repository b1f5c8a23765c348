from pathlib import Path

import pytest

from flows.server.deployments import deployments_from
from mmkp_core.errors import WrongInput

SERVED = Path(__file__).parent / "served"


def test_an_entry_of_the_file_is_the_deployment_that_is_served() -> None:
    short, long, _ = deployments_from(SERVED / "prefect.yaml")
    assert (short.full_name, short.entrypoint) == ("short/short", "stub_flows.short")
    assert short.parameters == {"spec": {"system": "m3h-att"}, "dataset": "dataset/demo"}
    assert short.enforce_parameter_schema
    assert (short.concurrency_limit, short.concurrency_options.collision_strategy) == (1, "ENQUEUE")
    (schedule,) = short.schedules
    assert (schedule.slug, schedule.active, schedule.schedule.cron) == ("weekly", False, "0 3 * * 0")
    assert schedule.parameters == {"rebuild": True}
    (trigger,) = short.triggers
    assert trigger.expect == {"mmkp.dataset.published"}
    assert short.work_pool_name is None
    assert long.schedules == []


@pytest.mark.fault(33)
@pytest.mark.parametrize(
    ("wrong", "named"),
    [("{spec: {system: nope}}", "spec.system"), ("{spce: {}}", "spce"), ("{spec: {learning: {epochs: 0}}}", "epochs")],
)
def test_a_parameter_that_the_flow_does_not_take_is_refused_by_name(tmp_path: Path, wrong: str, named: str) -> None:
    file = tmp_path / "prefect.yaml"
    entry = f"deployments:\n  - {{name: short, entrypoint: 'stub_flows.py:short', parameters: {wrong}}}\n"
    file.write_text(entry)
    deployments_from(SERVED / "prefect.yaml")  # puts the stub flows on the path
    with pytest.raises(WrongInput, match=named):
        deployments_from(file)
