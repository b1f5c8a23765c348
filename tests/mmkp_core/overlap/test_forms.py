from hypothesis import given, settings
from hypothesis import strategies as st

from mmkp_core.data.text import overlap_form
from mmkp_core.overlap.forms import overlap_forms

PIECES = st.sampled_from(
    ["<", ">", "<USER>", "<url", "<<a>", "<a1>", "_", "#", " ", "\n", "\0", "İ", "ﬁ", "é", "日", "\ud800", "٣"]
)
TEXTS = st.lists(st.lists(PIECES | st.text(max_size=4), max_size=8).map("".join), max_size=6)


@settings(deadline=None)  # the first call may compile
@given(TEXTS)
def test_many_forms_at_once_are_the_form_of_each(texts: list[str]) -> None:
    forms = overlap_forms(texts)

    assert [forms[at] for at in range(len(forms))] == [overlap_form(text) for text in texts]


def test_letters_and_digits_are_what_is_left() -> None:
    forms = overlap_forms(["<user> Hello,  World_2 !<url>", "#CAF\u0045\u0301", "\U0001f600 ...", ""])

    assert [forms[at] for at in range(4)] == ["hello world 2", "café", "", ""]
