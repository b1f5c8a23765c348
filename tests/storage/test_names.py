"""Names change by new numbered versions; the newest counts and none is lost."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.identity import ArtifactRef
from storage.index import Index
from storage.names import Names
from storage.objects import Objects

NOW = datetime(2026, 1, 2, tzinfo=UTC)
A, B = ArtifactRef("run", "a"), ArtifactRef("run", "b")


def names_in(root: Path | str) -> Names:
    objects = Objects(root)
    return Names(objects, Index(objects))


@pytest.fixture(params=["local", "memory"])
def names(request: pytest.FixtureRequest, tmp_path: Path) -> Names:
    return names_in(tmp_path if request.param == "local" else f"memory://{tmp_path}")


def test_the_newest_version_counts_and_the_history_stays(names: Names) -> None:
    for target, reason in ((A, "first"), (B, "better"), (A, "rolled back")):
        names.point("champion/default", target, reason, NOW, {})
    assert names.get("champion/default") == A
    assert [(v.number, v.target, v.reason) for v in names.history("champion/default")] == [
        (1, A, "first"),
        (2, B, "better"),
        (3, A, "rolled back"),
    ]


def test_pointing_again_at_the_same_adds_no_version(names: Names) -> None:
    for _ in range(2):
        names.point("run/x", A, "again", NOW, {})
    assert len(names.history("run/x")) == 1


def test_only_the_newest_of_each_name_is_current(names: Names) -> None:
    names.point("run/x", A, "", NOW, {})
    names.point("run/x", B, "", NOW, {})
    names.point("run/y", A, "", NOW, {})
    assert {v.name: v.target for v in names.current()} == {"run/x": B, "run/y": A}


def test_a_mistyped_name_gets_the_nearest_of_its_kind(names: Names) -> None:
    names.point("dataset/demo", ArtifactRef("dataset", "d"), "", NOW, {})
    names.point("run/demi", A, "", NOW, {})
    with pytest.raises(UnknownName, match=r"'dmo'.*did you mean 'demo'\?"):
        names.require("dataset/dmo")


@pytest.mark.parametrize("name", ["demo", "run/../x", "run/", "run/a b", "run/-x", "Run/x"])
def test_a_name_that_could_leave_its_folder_is_refused(names: Names, name: str) -> None:
    with pytest.raises(WrongInput):
        names.point(name, A, "", NOW, {})


def test_writers_at_once_each_get_a_version_of_their_own(tmp_path: Path) -> None:
    names = names_in(tmp_path)
    targets = [ArtifactRef("run", str(n)) for n in range(8)]
    threads = [threading.Thread(target=names.point, args=("run/x", t, "", NOW, {})) for t in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(v.target for v in names.history("run/x")) == sorted(targets)


def test_a_name_with_a_damaged_version_is_left_out_rather_than_taken_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = names_in(tmp_path)
    names.point("run/x", A, "", NOW, {})
    names.point("run/x", B, "", NOW, {})
    names.point("run/y", A, "", NOW, {})
    (tmp_path / "names/run/x/00000002.json").write_bytes(b"{")
    assert [version.name for version in names_in(tmp_path).current()] == ["run/y"]
    assert "run/x is left out" in caplog.text
