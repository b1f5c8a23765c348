"""Hostile texts and raw numbers made readable and safe for a page.

Posts hold control characters, turned-round text, lone surrogates and megabytes. What a reader could not see is
shown as its code point, direction marks are isolated, and length is bounded.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from mmkp_core.report.score_rows import Cell

LONGEST = 80
"""Characters of a name or phrase."""
LONGEST_TEXT = 700
"""Characters of a post's text or image words."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Controls, direction marks, lone surrogates, tags. Joiners stay: emoji and many scripts are built with them."""
_TOO_MANY_MARKS = re.compile(r"([\u0300-\u036f\u20d0-\u20ff]{4})[\u0300-\u036f\u20d0-\u20ff]+")
_MARKDOWN = re.compile(r"([\\`*_\[\]!|~$]|^[-+#=]|^\d+(?=[.)]))")

PROTOCOLS = {
    "cmkp": (
        "Counted as in CMKP and MM-MKP: precision over the phrases given, up to K; F1 from the averages of precision "
        "and recall. Comparable with their published tables."
    ),
    "aimkp": (
        "Counted as in AimKP’s code: precision over K even where fewer phrases are given, mean of each post’s F1. Its "
        "MAP@5 favours short answers and is not the average precision of other tables."
    ),
    "strict": (
        "Our own counting: repeats dropped, precision over K, mean of each post’s F1, average precision and NDCG "
        "against the gold phrases. Not comparable with published tables."
    ),
}


def shown(text: str, longest: int = LONGEST) -> Markup:
    """`text` escaped, shortened, isolated from its neighbours' direction, with unseen characters as code points."""
    parts = (
        Markup('<span class="code-point">{}</span>').format(part) if mark else escape(part)
        for part, mark in _parts(text, longest)
    )
    return Markup('<bdi dir="auto">{}</bdi>').format(Markup("").join(parts))


def shown_text(text: str) -> Markup:
    return shown(text, LONGEST_TEXT)


def unmarked(text: str, longest: int = LONGEST) -> str:
    """The same without markup, for attributes and labels."""
    return "".join(part for part, _ in _parts(text, longest))


def markdown(text: str, longest: int = LONGEST) -> str:
    """The same for one cell or line of Markdown: nothing in it is markup."""
    one_line = " ".join(unmarked(text, longest).split())
    html_safe = one_line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(lambda met: met[0] + "\\" if met[0].isdigit() else "\\" + met[0], html_safe)


def metric_name(metric: str) -> str:
    return metric.upper().replace("NDCG", "nDCG")


def decimals(posts: int) -> int:
    """Two as in the papers, one where so few posts cannot carry two."""
    return 2 if posts >= 1_000 else 1


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f}"


def interval(cell: Cell, digits: int) -> str:
    if cell.low is None or cell.high is None:
        return ""
    return f"{percent(cell.low, digits)}–{percent(cell.high, digits)}"


def count(number: int) -> str:
    return f"{number:,}"


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _parts(text: str, longest: int) -> Iterator[tuple[str, bool]]:
    kept = _TOO_MANY_MARKS.sub(r"\1", text[:longest])
    at = 0
    for unseen in _UNSEEN.finditer(kept):
        if unseen.start() > at:
            yield kept[at : unseen.start()], False
        yield f"U+{ord(unseen.group()):04X}", True
        at = unseen.end()
    if at < len(kept):
        yield kept[at:], False
    if len(text) > longest:
        yield f"… +{len(text) - longest:,} characters", True
