"""Equal values share a fingerprint in every process; different ones do not; what has no stable bytes is refused."""

import enum
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkp_core.identity import ArtifactRef, canonical, fingerprint


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True)
class Inner:
    rate: float = 0.1


@dataclass(frozen=True)
class Spec:
    name: str = "a"
    inner: Inner = Inner()
    colours: frozenset[str] = frozenset({"x", "y"})


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_like)
def test_the_order_of_keys_does_not_matter(value: object) -> None:
    def reversed_keys(item: object) -> object:
        if isinstance(item, dict):
            return {key: reversed_keys(item[key]) for key in reversed(list(item))}
        if isinstance(item, list):
            return [reversed_keys(part) for part in item]
        return item

    assert fingerprint(value) == fingerprint(reversed_keys(value))


def test_a_changed_number_deep_inside_changes_the_fingerprint() -> None:
    assert fingerprint(Spec()) == fingerprint(Spec())
    assert fingerprint(Spec()) != fingerprint(replace(Spec(), inner=Inner(rate=0.2)))


def test_a_class_counts_by_its_fields_and_may_be_renamed() -> None:
    @dataclass(frozen=True)
    class Other:
        rate: float = 0.1

    assert fingerprint(Inner()) == fingerprint(Other())


@pytest.mark.parametrize("value", [lambda: 1, object(), Spec, {1: "a"}])
def test_what_has_no_stable_bytes_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        fingerprint(value)


def test_enums_and_special_numbers_have_a_form() -> None:
    assert canonical([Colour.RED, float("inf"), True, 1]) == [{"Colour": "RED"}, "inf", True, 1]


@pytest.mark.fault(32)
def test_another_process_with_another_hash_seed_agrees() -> None:
    code = "from mmkp_core.identity import fingerprint; print(fingerprint({'s': frozenset('abcdef'), 'n': 1.5}))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert seen == {fingerprint({"s": frozenset("abcdef"), "n": 1.5})}


@pytest.mark.parametrize("ref", [ArtifactRef("run", "ab12"), ArtifactRef("ocr", "ab12", "engine")])
def test_an_address_reads_back(ref: ArtifactRef) -> None:
    assert ArtifactRef.parse(ref.address) == ref
