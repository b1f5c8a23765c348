"""How many phrases of a published set come back when they are written as lower-case hashtags and cut again.

Reads the set from the folder that `MMKP_DATA` names; without it there is nothing to measure.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmkp_core.data.files import read_posts
from mmkp_core.data.hashtags import segments
from mmkp_core.data.segmenting import Segmenter
from mmkp_core.errors import Unavailable

SET = Path("cmkp") / "valid_src.txt"


def run() -> list[dict[str, Any]]:
    folder = os.environ.get("MMKP_DATA", "")
    if not folder or not (Path(folder) / SET).is_file():
        raise Unavailable(f"set MMKP_DATA to a folder that holds {SET}")
    posts, _ = read_posts(Path(folder) / SET, "cmkp")
    phrases = sorted({p.lower() for post in posts for p in post.keyphrases if p.replace(" ", "").isalpha()})
    segmenter = Segmenter.of(post.text for post in posts)
    several, single = [p for p in phrases if " " in p], [p for p in phrases if " " not in p]
    rows = []
    for name, chosen in (("phrases of several words that come back", several), ("single words left whole", single)):
        found = {which: recovered(chosen, cut) for which, cut in (("ours", segmenter.words_of), ("humps", segments))}
        rows.append(
            {"name": f"hashtags: {name}", "size": len(chosen), "ours": found["ours"], "reference": found["humps"],
             "ratio": None, "target": "-", "unit": "%", "peak_mib": None}
        )  # fmt: skip
    return rows


def recovered(phrases: Sequence[str], cut: Callable[[str], Sequence[str]]) -> float:
    """Of the phrases, the per cent that their tags without blanks are cut into again."""
    return 100 * sum(" ".join(cut(phrase.replace(" ", ""))) == phrase for phrase in phrases) / len(phrases)


if __name__ == "__main__":
    for row in run():
        print(row)
