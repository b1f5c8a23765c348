"""How long is a report of many systems, training seeds and splits in the making, and how large are it and its page?

The page is built from files of generated runs in a process of its own, so that peak memory is that of building it and
nothing else.
"""

import io
import json
import multiprocessing
import random
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.dataset as pads
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.report_matrix import write_posts, write_split
from mmkp_core.data.post import Example, Post
from mmkp_core.evaluation.post_scores import read_tables, rows_with
from mmkp_core.learning import System
from mmkp_core.report.build import build_report
from mmkp_core.report.html import render_html
from mmkp_core.report.markdown import render_markdown
from mmkp_core.report.material import Material, ScoredRun, SplitMaterial, Work
from mmkp_core.report.sections.scores import SELECTION

FAMILIES = ("reference line", "text, generate", "text and image", "vision-language")


def run(systems: int = 8, seeds: int = 2, splits: int = 2, posts: int = 2_000) -> list[dict[str, Any]]:
    """Rows `name, size, ours, reference, ratio, target, unit, peak_mib`; CPU seconds, once."""
    with tempfile.TemporaryDirectory() as folder:
        for split in range(splits):
            write_split(Path(folder), split, systems, seeds, posts)
            for part in ("train", "test"):
                write_posts(Path(folder) / f"{split}-{part}.parquet", posts, split)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            built = alone.submit(build, folder, systems, seeds, splits).result()
    common = {
        "size": f"{systems} systems x {seeds} seeds x {splits} splits, {posts:,} posts",
        "reference": None,
        "ratio": None,
    }
    return [
        {
            "name": "report: built",
            "ours": built["seconds"],
            "target": "<= 180 s, 3072 MiB",
            "unit": "CPU s",
            "peak_mib": built["peak_mib"],
            **common,
        },
        {
            "name": "report: its page",
            "ours": built["bytes"] / 1e6,
            "target": "< 10 MB",
            "unit": "MB",
            "peak_mib": None,
            **common,
        },
    ]


def build(folder: str, systems: int, seeds: int, splits: int) -> dict[str, float]:
    """The page of the whole matrix from its files; CPU seconds, peak memory and the page's size."""
    begun = time.process_time()
    picture = noise()
    material = Material(
        title="A matrix",
        made="today",
        splits=[
            SplitMaterial(
                name=f"split-{split}",
                described=f"random ({split})",
                dataset=f"made-{split}",
                examples={part: examples(Path(folder) / f"{split}-{part}.parquet") for part in ("train", "test")},
                picture=lambda key: picture,
                runs=[
                    scored_run(Path(folder), split, system, seed) for system in range(systems) for seed in range(seeds)
                ],
            )
            for split in range(splits)
        ],
        work=[Work("evaluate", 1.0, reused=True) for _ in range(splits * systems * seeds)],
    )
    data = build_report(material)
    page, text = render_html(data), render_markdown(data)
    assert f"{systems * seeds * splits} runs" in page and "## Leaderboard" in text
    return {
        "seconds": time.process_time() - begun,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes": len(page.encode()),
    }


def scored_run(folder: Path, split: int, system: int, seed: int) -> ScoredRun:
    place = folder / f"{split}-{system}-{seed}"

    def read(name: str) -> Any:
        return lambda: pq.read_table(place / f"{name}.parquet")

    rows = pads.dataset(place / "post_scores.parquet").to_table(filter=rows_with(SELECTION))
    return ScoredRun(
        name=place.name,
        system=System(
            id=f"system-{system}",
            title=f"System {system}",
            family="made",
            kind=FAMILIES[system * len(FAMILIES) // 30 % len(FAMILIES)],
            paper="",
            spec=None,
        ),
        settings="",
        seed=seed,
        heads=("phrases",),
        tables=read_tables(rows, SELECTION),
        hits=read("hits"),
        predictions=read("predictions"),
        curves=read("curves"),
    )


def examples(path: Path) -> list[Example]:
    return [
        Example(
            post=Post(
                post_id=f"post-{n:06}",
                text=row["text"],
                keyphrases=tuple(row["keyphrases"]),
                image=f"{n:064}",
                image_ref=f"{n}.jpg",
            ),
            image_words="NOW OPEN" if n % 3 == 0 else "",
            attributes=("orange", "bright"),
        )
        for n, row in enumerate(pq.read_table(path).to_pylist())
    ]


def noise() -> bytes:
    """A photograph's size in bytes."""
    out = io.BytesIO()
    draw = random.Random(0)
    Image.frombytes("RGB", (900, 700), draw.randbytes(900 * 700 * 3)).save(out, "JPEG", quality=85)
    return out.getvalue()


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row))
