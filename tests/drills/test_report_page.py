"""The report as a person meets it: in a real browser, on a desk and on a phone."""

import pytest

from mmkp_core.report.html import render_html
from tests.drills.browser import CHROMIUM, browser
from tests.fixtures.fake_report import fake_report, hostile_report

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    pytest.mark.enable_socket,
]


@pytest.fixture(scope="module")
def tab():
    with browser() as page:
        yield page


@pytest.fixture
def opened(tab, tmp_path):
    def opened(report, width=1280):
        file = tmp_path / "report.html"
        file.write_text(render_html(report), "utf-8")
        tab.requests.clear()
        tab.console_errors.clear()
        tab.resize(width, 900)
        tab.open(file.as_uri())
        return tab

    return opened


def cards(tab):
    return tab.run(
        "[...document.querySelectorAll('.card:not([hidden])')].map(c => c.querySelector('.known').innerText)"
    )


def place(tab):
    return tab.run("document.getElementById('place').textContent")


def choose(tab, field, value):
    tab.run(
        f"(f => {{ f.value = '{value}'; f.dispatchEvent(new Event('change')); }})(document.getElementById('{field}'))"
    )


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("text", ["", "wordwithoutanybreak" * 60])
def test_the_page_never_scrolls_sideways(opened, width, text):
    tab = opened(hostile_report(text) if text else fake_report(), width)
    assert tab.run("document.documentElement.scrollWidth") <= width


def test_nothing_is_requested_and_nothing_complains(opened):
    tab = opened(fake_report())
    assert {url.split(":")[0] for url in tab.requests.values()} <= {"file", "data"}
    assert tab.console_errors == []


@pytest.mark.fault(28)
def test_planted_script_does_not_run(opened):
    tab = opened(hostile_report("\"><script>window.owned=1</script><img src=x onerror='window.owned=1'>"))
    assert tab.run("window.owned") is None


def test_every_picture_is_shown(opened):
    tab = opened(fake_report())
    assert tab.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


def test_one_example_at_a_time_stepped_by_keys(opened):
    tab = opened(fake_report())
    tab.run("document.getElementById('examples').scrollIntoView({behavior: 'instant'})")
    first = cards(tab)
    tab.key("ArrowRight", 39)
    second = cards(tab)
    tab.key("ArrowLeft", 37)
    assert len(first) == len(second) == 1
    assert cards(tab) == first != second
    tab.key("ArrowLeft", 37)
    assert place(tab) == "24 of 24"


def test_examples_are_filtered_by_slice_system_and_outcome(opened):
    report = fake_report()
    tab = opened(report)
    choose(tab, "by-slice", "unseen in training")
    assert place(tab) == f"1 of {sum(any(gold.seen is False for gold in card.gold) for card in report.examples)}"
    choose(tab, "by-slice", "")
    choose(tab, "by-system", "0")
    choose(tab, "by-outcome", "first")
    assert place(tab) == f"1 of {sum(card.answers[0].guesses[0].right for card in report.examples)}"
    choose(tab, "by-system", "")
    choose(tab, "by-outcome", "split")
    split = sum(
        len({any(guess.right for guess in answer.guesses) for answer in card.answers}) == 2 for card in report.examples
    )
    assert place(tab) == f"1 of {split}"
