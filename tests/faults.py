"""A table of faults and what became of them: `pytest --faults -m ""` runs the tests that carry a `fault` marker."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

FAULTS: Mapping[int, str] = {
    1: "a line that is malformed, cut in half or not ended",
    2: "invalid UTF-8, lone surrogates, byte-order mark, NUL, UTF-16",
    3: "a wrong type, a missing field, a key given twice, NaN, an overflow",
    4: "an id with other content, the same content twice, a file ingested twice",
    5: "an empty file, blank lines only, a header only",
    6: "lines of 20 MB, JSON nested 5,000 deep, very many hashtags",
    7: "text of URLs or emoji only, marks of direction, NFC and NFD of one tag",
    8: "no image, another post's image, one image for two posts",
    9: "an image that is missing, empty, truncated or no image",
    10: "an image changed after ingest",
    11: "decompression bombs, strips, long GIFs, CMYK, 16 bits, rotated images",
    12: "archives that leave their folder or unpack without end",
    13: "kill -9 at every write of every stage",
    14: "a full disk in each stage",
    15: "a folder that cannot be written, no file handles left",
    16: "a flipped bit in Parquet, records, weights, checkpoints",
    17: "a torn or stray file in the store",
    18: "a Prefect result that is torn or holds a pickle with code",
    19: "a file of a cached result deleted or changed",
    20: "a worker killed, a server killed and started again",
    21: "two runs of one flow at once, queries during a run",
    22: "teacher: 429, 500, time-outs, hanging and dropped connections, slow drips",
    23: "teacher: 401, quota gone, unknown model",
    24: "teacher: cut, refused, empty, wrong or contradicting answers",
    25: "teacher: batch jobs that expire or fail in part",
    26: "prompt injection by posts and words in images",
    27: "image addresses that lead into the own network",
    28: "script, formulas and terminal codes in posts and names",
    29: "a key in parameters, errors, logs, records, the server's database",
    30: "NaN loss, out of memory, SIGTERM, resume with changed settings",
    31: "predictions of other posts, missing or extra ids",
    32: "clock, time zone, locale, hash seed, number of cores",
    33: "hostile parameters of a deployment",
    34: "dependencies that changed under the lock",
}
NOT_BUILT: Mapping[int, str] = {
    12: "not built: archives are refused, not unpacked",
    25: "not built: no batch jobs",
    27: "not built: nothing is fetched from an address",
}


class FaultTable:
    """Keeps the tests with a `fault` marker, and prints a verdict for each fault."""

    def __init__(self) -> None:
        self.outcomes: dict[int, dict[str, str]] = defaultdict(dict)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept, dropped = [], []
        for item in items:
            numbers = {number for marker in item.iter_markers("fault") for number in marker.args}
            item.user_properties += [("fault", number) for number in sorted(numbers)]
            (kept if numbers else dropped).append(item)
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        for name, number in report.user_properties:
            if name == "fault" and self.outcomes[number].get(report.nodeid) != "failed":
                self.outcomes[number][report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("faults")
        for number, title in FAULTS.items():
            terminalreporter.line(f"{number:>2}  {title:<78} {self.verdict(number)}")

    def verdict(self, number: int) -> str:
        outcomes = list(self.outcomes[number].values())
        if not outcomes:
            return NOT_BUILT.get(number, "NO TEST RAN")
        counted = [f"{outcomes.count(kind)} {kind}" for kind in ("failed", "passed", "skipped") if kind in outcomes]
        held = "failed" not in outcomes and "passed" in outcomes
        return f"{'held' if held else 'DID NOT HOLD'} ({', '.join(counted)})"
