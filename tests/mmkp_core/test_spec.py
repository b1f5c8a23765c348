"""Specs change by dotted name, checked as a form would check them, and survive the way to JSON and back."""

import json
import math
from dataclasses import replace
from typing import Annotated, Literal

import pytest
from annotated_types import Ge
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.errors import UnknownName, WrongInput
from mmkp_core.spec import adapter, changed, dump, has_setting, load, spec, walk
from mmkp_core.systems import SYSTEMS, find_system


@spec
class Near:
    """One way."""

    kind: Literal["near"] = "near"
    steps: Annotated[int, Ge(1)] = 3
    """How many."""


@spec
class Far:
    """Another way."""

    kind: Literal["far"] = "far"
    bound: float = 1.0


@spec
class Whole:
    """A spec of parts."""

    way: Near | Far = Near()
    sizes: tuple[int, ...] = (1, 2)
    name: str = ""


def test_a_setting_deep_inside_is_changed_and_the_original_is_not() -> None:
    before = Whole()
    assert changed(before, {"way.steps": 5}) == Whole(way=Near(steps=5))
    assert before == Whole()


def test_settings_may_be_nested_and_a_part_may_be_exchanged_whole() -> None:
    assert changed(Whole(), {"way": {"steps": 5}}) == Whole(way=Near(steps=5))
    assert changed(Whole(), {"way": {"kind": "far", "bound": 2}}) == Whole(way=Far(bound=2.0))


def test_a_part_that_is_not_there_comes_with_its_first_setting_where_it_can_be_of_one_class_alone() -> None:
    copy = find_system("copy").spec
    assert changed(copy, {"topics.topics": 7}).topics == replace(find_system("topic").spec.topics, topics=7)
    assert changed(find_system("att").spec, {"writer.copying.oov": 15}) == copy
    with pytest.raises(WrongInput, match="fusion is a plain value"):
        changed(copy, {"fusion.heads": 2})


def test_a_setting_may_be_called_kind_where_there_is_no_choice_of_parts() -> None:
    @spec
    class Cut:
        kind: Literal["clean", "random"] = "clean"

    @spec
    class Stages:
        cut: Cut = Cut()

    assert changed(Stages(), {"cut.kind": "random"}) == Stages(cut=Cut(kind="random"))
    with pytest.raises(WrongInput, match=r"cut\.kind = 'randm'"):
        changed(Stages(), {"cut.kind": "randm"})


def test_text_from_a_command_line_becomes_the_settings_type() -> None:
    assert changed(Whole(), {"way.steps": "7"}).way == Near(steps=7)


@pytest.mark.parametrize("value", [0, -1, "many"])
def test_a_value_out_of_bounds_is_refused_by_name(value: object) -> None:
    with pytest.raises(WrongInput, match=r"way\.steps"):
        changed(Whole(), {"way.steps": value})


def test_a_mistyped_setting_gets_the_nearest_and_the_place_where_it_is() -> None:
    with pytest.raises(UnknownName, match="did you mean 'steps'"):
        changed(Whole(), {"way.step": 3})
    with pytest.raises(WrongInput, match=r"did you mean 'way\.steps'"):
        changed(Whole(), {"steps": 3})
    with pytest.raises(WrongInput, match="a plain value"):
        changed(Whole(), {"name.first": 3})


def test_a_mistyped_system_gets_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'm3h-att'"):
        find_system("m3h-at")


def test_an_unknown_key_is_refused_on_the_way_back() -> None:
    with pytest.raises(WrongInput, match="did you mean 'steps'"):
        load(Whole, {"way": {"kind": "near", "stepz": 1}})


@given(
    st.builds(
        Whole,
        way=st.one_of(
            st.builds(Near, steps=st.integers(1, 10**6)),
            st.builds(Far, bound=st.floats(allow_nan=False) | st.just(math.inf)),
        ),
        sizes=st.lists(st.integers(-100, 100), max_size=5).map(tuple),
        name=st.text(max_size=10),
    )
)
def test_what_is_dumped_is_loaded_as_it_was(value: Whole) -> None:
    try:
        text = json.dumps(dump(value)).encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return
    assert load(Whole, json.loads(text)) == value


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_row_of_the_table_survives(system: str) -> None:
    row = SYSTEMS[system].spec
    assert load(type(row), json.loads(json.dumps(dump(row)))) == row


def test_all_plain_settings_are_walked_by_their_dotted_names() -> None:
    assert [path for path, _, _ in walk(Whole())] == ["way.kind", "way.steps", "sizes", "name"]


def test_a_form_heads_a_part_by_its_field_and_not_by_its_class() -> None:
    @spec
    class Pair:
        left: Near = Near()

    assert adapter(Pair).json_schema()["properties"]["left"]["title"] == "Left"


def test_reference_lines_are_not_trained_step_by_step() -> None:
    assert has_setting(SYSTEMS["copy"].spec, "training.epochs")
    assert not has_setting(SYSTEMS["frequent"].spec, "training.epochs")
