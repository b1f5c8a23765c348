"""A task's work in a child: it finds the task's store and flow run, and waits for a place on the accelerator."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmkp_core.learning import Progress
from tasks.run import child
from tasks.run.child import run_in_child

WORK = """
from pathlib import Path
from mmkp_core.learning import Progress
from tasks.run.store import flow_run_id, home

def extract(*, images, folder, report):
    for number, image in enumerate(images, start=1):
        (Path(folder) / image).write_text(image)
        report(Progress(number, len(images), "images"))
    return {"rows": len(images), "home": home(), "flow_run": flow_run_id()}
"""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "extractor.py").write_text(WORK)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    monkeypatch.setenv("MMKP_FLOW_RUN", "run-7")


def test_an_extractor_runs_in_a_child_with_the_store_and_the_flow_run_of_its_task(tmp_path: Path, home: Path) -> None:
    seen: list[Progress] = []
    job = {"images": ["a", "b"], "folder": str(tmp_path)}
    found = run_in_child("extractor:extract", job, seen.append)
    assert found == {"rows": 2, "home": str(home), "flow_run": "run-7"}
    assert seen == [Progress(1, 2, "images"), Progress(2, 2, "images")]
    assert (tmp_path / "b").read_text() == "b"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("needs", "expected"), [((), []), (("image", "gpu"), ["gpu taken", "gpu given back"])])
def test_a_child_that_needs_the_accelerator_runs_while_its_task_has_a_place_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs: tuple[str, ...], expected: list[str]
) -> None:
    seen: list[str] = []

    @contextmanager
    def places(limit: str) -> Iterator[None]:
        seen.append(f"{limit} taken")
        yield
        assert (tmp_path / "a").exists()
        seen.append(f"{limit} given back")

    monkeypatch.setattr(child, "slots", places)
    job = {"images": ["a"], "folder": str(tmp_path)}
    run_in_child("extractor:extract", job, lambda progress: None, needs=needs)
    assert seen == expected
