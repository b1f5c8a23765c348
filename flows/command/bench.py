"""Prints the speed table, each figure beside its reference, measured in the same run."""

import importlib
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmkp_core.errors import Unavailable, UnknownName

# name -> its module in benchmarks/, the sizes of a short run, and those of the published table
ROWS: Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = {
    "ingest": ("ingest", {"posts": 100_000, "repeats": 2}, {"posts": 1_000_000, "repeats": 3}),
    "ocr": ("ocr", {}, {"images": 120}),
    "classic-train": ("classic_train", {}, {}),
    "beam": ("beam", {}, {}),
    "score": ("score", {}, {}),
    "flow": ("flow", {}, {"posts": 50_000}),
    "overlap": ("overlap", {"posts": 100_000, "repeats": 2}, {"posts": 1_000_000, "repeats": 1}),
    "teacher": ("teacher", {}, {}),
    "report": ("report", {}, {"systems": 30, "seeds": 5, "splits": 4, "posts": 5_000}),
    "publish": ("publish", {"artifacts": 2_000}, {"artifacts": 10_000}),
    "query": ("query", {"posts": 100_000}, {"posts": 1_000_000}),
}


def run_benchmarks(names: Sequence[str], *, as_json: bool, full: bool) -> None:
    for name in names:
        if name not in ROWS:
            raise UnknownName("benchmark", name, ROWS)
    root = Path(__file__).resolve().parents[2]
    if not (root / "benchmarks").is_dir():
        raise Unavailable("the benchmarks come with the source checkout; run `uv run mmkp bench` there")
    sys.path.insert(0, str(root))
    rows: list[Mapping[str, Any]] = []
    if not as_json:
        print(
            f"{platform.processor() or platform.machine()}, Python {platform.python_version()}; CPU seconds, least of"
        )
        print("the repeats, ours and its reference in turn in one run; a ratio under 1.15 from another means nothing")
        print(f"{'name':<34}{'size':>12}{'ours':>14}{'reference':>14}{'ratio':>8}  {'target':<22}{'peak MiB':>9}")
    for name in names or ROWS:
        module, short, published = ROWS[name]
        found = importlib.import_module(f"benchmarks.{module}").run(**(published if full else short))
        rows.extend(found)
        if not as_json:
            for row in found:
                print(_line(row), flush=True)
    if as_json:
        print(json.dumps(rows))


def _line(row: Mapping[str, Any]) -> str:
    def number(value: Any) -> str:
        return (
            "-" if value is None else f"{value:,.3g}" if isinstance(value, float) and value < 1000 else f"{value:,.0f}"
        )

    unit = f" {row['unit']}" if row.get("unit") else ""
    return (
        f"{row['name'] + unit:<34}{_size(row['size']):>12}{number(row['ours']):>14}{number(row['reference']):>14}"
        f"{number(row['ratio']):>8}  {row['target']:<22}{number(row.get('peak_mib')):>9}"
    )


def _size(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
