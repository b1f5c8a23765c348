import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.data.text import overlap_form
from mmkp_core.overlap.forms import overlap_forms
from mmkp_core.overlap.shingles import shingle_sets
from mmkp_core.overlap.spec import Unit


def shingles(text: str, unit: Unit) -> frozenset[str]:
    """By the definition, with Python's own strings: the second opinion on every number in these tests."""
    form = overlap_form(text)
    pieces = form.split(" ") if unit.startswith("word") else list(form)
    size, glue = {"word": (1, " "), "word3": (3, " "), "char3": (3, ""), "char5": (5, "")}[unit]
    if not form:
        return frozenset()
    if len(pieces) < size:
        return frozenset([form])
    return frozenset(glue.join(pieces[at : at + size]) for at in range(len(pieces) - size + 1))


WORDS = st.sampled_from(["a", "b", "ab", "ba", "é", "日本", "x" * 30])


@pytest.mark.parametrize("unit", ["word", "word3", "char3", "char5"])
@settings(deadline=None)  # the first call may compile
@given(texts=st.lists(st.lists(WORDS, max_size=9).map(" ".join), max_size=8))
def test_texts_share_a_set_exactly_when_their_shingles_are_the_same(unit: Unit, texts: list[str]) -> None:
    sets = shingle_sets(overlap_forms(texts), unit)
    expected = [shingles(text, unit) for text in texts]

    assert [group >= 0 for group in sets.group] == [bool(pieces) for pieces in expected]
    sizes = sets.starts[1:] - sets.starts[:-1]
    for mine, own in zip(sets.group, expected, strict=True):
        assert mine < 0 or sizes[mine] == len(own)
        for theirs, other in zip(sets.group, expected, strict=True):
            if mine >= 0 and theirs >= 0:
                left, right = (
                    set(sets.shingles[sets.starts[group] : sets.starts[group + 1]].tolist()) for group in (mine, theirs)
                )
                assert len(left & right) == len(own & other)
                assert (mine == theirs) == (own == other)


def test_the_rarest_shingle_of_a_set_comes_first() -> None:
    sets = shingle_sets(overlap_forms(["common rare", "common middle", "common middle x"]), "word")

    assert sets.vocabulary == 4
    assert sets.shingles[sets.starts[0] : sets.starts[1]].tolist()[-1] == 3


def test_more_shingles_than_the_table_begins_with() -> None:
    texts = [f"w{number} w{number + 1}" for number in range(40_000)]

    sets = shingle_sets(overlap_forms(texts), "word")

    assert (sets.vocabulary, len(sets)) == (40_001, 40_000)
