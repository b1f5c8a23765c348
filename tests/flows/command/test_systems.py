"""What can be chosen: the settings of flows and systems, by dotted path, with bounds and meaning."""

import json
from dataclasses import field
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen

from flows.command.main import main
from flows.command.settings_table import settings_of
from flows.server.deployments import find_flow, flow_names
from mmkp_core.spec import spec, walk
from mmkp_core.systems import SYSTEMS


@spec
class Oven:
    """A part."""

    heat: Annotated[int, Ge(1), Le(2000)] = 180
    """Degrees."""
    share: Annotated[float, Gt(0), Lt(1)] = 0.5
    """How full."""
    least: Annotated[float, Ge(0.25)] = 0.5
    """At least."""
    mode: Literal["fan", "grill"] = "fan"
    """What heats."""
    label: Annotated[str, MinLen(1)] = "x"
    """Written
    on it."""


@spec
class Cake:
    """The whole."""

    oven: Oven = field(default=Oven(heat=200))
    """Where."""
    guests: tuple[str, ...] = ("ann",)
    """Who comes."""
    more: dict[str, Any] = field(default_factory=dict)
    """Anything."""
    glazed: bool = True
    """Whether."""


def test_a_setting_is_listed_with_default_bounds_choices_and_meaning() -> None:
    rows = {row.path: row for row in settings_of(Cake())}
    assert list(rows) == [
        "oven.heat", "oven.share", "oven.least", "oven.mode", "oven.label", "guests", "more", "glazed",
    ]  # fmt: skip
    assert (rows["oven.heat"].default, rows["oven.heat"].kind) == (200, "whole number")
    assert {path: row.bounds for path, row in rows.items() if row.bounds} == {
        "oven.heat": "1 to 2,000", "oven.share": "above 0, below 1", "oven.least": "at least 0.25",
        "oven.label": "not empty",
    }  # fmt: skip
    assert rows["oven.mode"].choices == ("fan", "grill")
    assert rows["oven.label"].about == "Written on it."
    assert (rows["guests"].kind, rows["guests"].default) == ("list", ["ann"])
    assert [rows[path].kind for path in ("more", "glazed")] == ["table", "true or false"]


def test_the_listing_is_one_json_document_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    main(["settings", "copy", "--json"])
    rows = {row["setting"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["training.epochs"]["bounds"] == "1 to 1,000"
    assert set(rows["training.schedule"]["choices"]) >= {"constant", "cosine"}


def test_people_read_path_default_bounds_and_meaning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    main(["settings", "copy"])
    epochs = SYSTEMS["copy"].spec.training.epochs
    told = (
        f"training.epochs = {epochs}  (whole number, 1 to 1,000)\n    The most times that every training post is seen."
    )
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_setting_of_every_system_is_explained(system: str) -> None:
    rows = list(settings_of(SYSTEMS[system].spec))
    assert [row.path for row in rows] == [path for path, _, _ in walk(SYSTEMS[system].spec)]
    assert [row.path for row in rows if not (row.about or row.path == "method.method")] == []


@pytest.mark.parametrize("name", [name for name in flow_names() if name not in ("train", "champion")])
def test_every_setting_of_every_flow_is_explained(name: str) -> None:
    from flows.command.systems import spec_of

    assert find_flow(name).name == name
    rows = list(settings_of(spec_of(name)))
    assert rows
    assert [row.path for row in rows if not row.about] == []
