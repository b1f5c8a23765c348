"""How long is a report of many systems, training seeds and splits in the making, and how large are it and its page?

The matrix is generated: judgements of made-up predictions, scored by the project's own protocols, with a file of post
scores, hits, predictions and curves for each run. The page is built from these files in a process of its own, so that
peak memory is that of building it and nothing else.
"""

import io
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.score import made_up
from mmkp_core.data.post import Example, Post
from mmkp_core.evaluation.judging import Judged, Phrases
from mmkp_core.evaluation.post_scores import blocks, read_tables, rows_with
from mmkp_core.evaluation.protocols import score
from mmkp_core.learning import System
from mmkp_core.report.build import build_report
from mmkp_core.report.html import render_html
from mmkp_core.report.markdown import render_markdown
from mmkp_core.report.material import Material, ScoredRun, SplitMaterial, Work
from mmkp_core.report.sections.scores import PROTOCOLS, SELECTION

GUESSES = 5
KINDS = ("event", "person", "place", "product")
FAMILIES = ("reference line", "text, generate", "text and image", "vision-language")
STEPS = 200


def run(systems: int = 8, seeds: int = 2, splits: int = 2, posts: int = 2_000) -> list[dict[str, Any]]:
    """Rows `name, size, ours, reference, ratio, target, unit, peak_mib`; wall seconds, once."""
    with tempfile.TemporaryDirectory() as folder:
        for split in range(splits):
            write_split(Path(folder), split, systems, seeds, posts)
            for part in ("train", "test"):
                write_posts(Path(folder) / f"{split}-{part}.parquet", posts, split)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            built = alone.submit(build, folder, systems, seeds, splits, posts).result()
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
            "unit": "s",
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


def build(folder: str, systems: int, seeds: int, splits: int, posts: int) -> dict[str, float]:
    """The page of the whole matrix from its files; seconds, peak memory and the page's size."""
    begun = time.perf_counter()
    picture = noise()
    material = Material(
        title="A matrix",
        made="today",
        splits=[
            SplitMaterial(
                name=f"split-{split}",
                described=f"random ({split})",
                dataset=f"made-{split}",
                examples={part: examples(posts, seed=split * 10 + n) for n, part in enumerate(("train", "test"))},
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
        "seconds": time.perf_counter() - begun,
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


def write_split(folder: Path, split: int, systems: int, seeds: int, posts: int) -> None:
    """The files of every run on one split."""
    draw = np.random.default_rng(split)
    gold = gold_phrases(posts, draw)
    difficulty = draw.beta(2, 2, posts)
    for system in range(systems):
        for seed in range(seeds):
            place = folder / f"{split}-{system}-{seed}"
            place.mkdir()
            of_run = np.random.default_rng([split, system, seed])
            judged = judgements(gold, difficulty, 0.25 + 0.4 * system / systems + 0.01 * of_run.normal(), of_run)
            made = [block for protocol in PROTOCOLS for block in blocks("phrases", score(judged, protocol))]
            with pq.ParquetWriter(place / "post_scores.parquet", made[0].schema, compression="zstd") as writer:
                for block in made:
                    writer.write_table(block)
            write(place / "hits.parquet", hits(judged))
            write(place / "predictions.parquet", predictions(judged, of_run, reasons=system % 10 == 9))
            write(place / "curves.parquet", curve(of_run))


Kinds = dict[str, np.ndarray[Any, np.dtype[np.bool_]]]


def gold_phrases(posts: int, draw: np.random.Generator) -> tuple[tuple[str, ...], Phrases, Kinds, Any]:
    """Ids, one to three gold phrases a post, their kinds, and which posts leak."""
    row = np.repeat(np.arange(posts), draw.choice(3, posts, p=[0.75, 0.18, 0.07]) + 1)
    some = draw.random(len(row))
    kind = draw.integers(0, len(KINDS), len(row))
    phrases = Phrases(
        row=row,
        form=np.arange(len(row)),
        fresh=np.ones(len(row), bool),
        present=some < 0.37,
        seen=draw.random(len(row)) < 0.95,
        empty=np.zeros(len(row), bool),
        invalid=np.zeros(len(row), bool),
    )
    kinds = {name: kind == number for number, name in enumerate(KINDS)}
    return tuple(f"post-{n:06}" for n in range(posts)), phrases, kinds, draw.random(posts) < 0.03


def judgements(gold: Any, difficulty: Any, skill: float, draw: np.random.Generator) -> Judged:
    """Five guesses a post; the nth right one is the post's nth gold phrase."""
    post_ids, phrases, kinds, leaked = gold
    posts = len(post_ids)
    row = np.repeat(np.arange(posts), GUESSES)
    number = np.bincount(phrases.row, minlength=posts)
    first = np.cumsum(number) - number
    chance = skill * (1.4 - difficulty)[:, None] * np.array([1.0, 0.4, 0.25, 0.15, 0.1])
    right = draw.random((posts, GUESSES)) < chance
    nth = np.cumsum(right, axis=1)
    right &= nth <= number[:, None]
    of = (first[:, None] + np.clip(nth - 1, 0, number[:, None] - 1)).ravel()
    flat = right.ravel()
    guesses = Phrases(
        row=row,
        form=np.where(flat, phrases.form[of], len(phrases.row) + np.arange(len(row))),
        fresh=np.ones(len(row), bool),
        present=np.where(flat, phrases.present[of], draw.random(len(row)) < 0.3),
        seen=np.where(flat, phrases.seen[of], draw.random(len(row)) < 0.9),
        empty=np.zeros(len(row), bool),
        invalid=np.zeros(len(row), bool),
    )
    of_kinds = {name: (flags, flat & flags[of]) for name, flags in kinds.items()}
    return Judged(post_ids, phrases, guesses, flat, of_kinds, leaked)


def hits(judged: Judged) -> pa.Table:
    posts = len(judged.post_ids)
    return pa.table(
        {
            "head": pa.repeat("phrases", posts * GUESSES),
            "post_id": pa.array(judged.post_ids).take(pa.array(judged.guesses.row)),
            "rank": np.tile(np.arange(1, GUESSES + 1), posts),
            "phrase": [f"phrase {form % 4_000}" for form in judged.guesses.form.tolist()],
            "correct": judged.right,
        }
    )


def predictions(judged: Judged, draw: np.random.Generator, *, reasons: bool) -> pa.Table:
    """What was written for each post; reasoning and tokens only where the system reasons."""
    posts = len(judged.post_ids)
    tokens = draw.integers(5, 200, posts)
    written = pa.array(["The text names two teams. " * 4] * posts if reasons else [None] * posts, pa.string())
    return pa.table(
        {
            "head": pa.repeat("phrases", posts),
            "post_id": pa.array(judged.post_ids),
            "reasoning": written,
            "tokens": pa.array(tokens if reasons else [None] * posts, pa.int64()),
            "steps": pa.array(tokens // 10 if reasons else [None] * posts, pa.int64()),
            "seconds": pa.array(tokens / 900 if reasons else [None] * posts, pa.float64()),
        }
    )


def curve(draw: np.random.Generator) -> pa.Table:
    steps = np.arange(STEPS)
    loss = 5 * 0.98**steps + draw.random(STEPS)
    every = steps % 20 == 0
    return pa.table(
        {
            "name": ["train/loss"] * STEPS + ["valid/loss"] * int(every.sum()),
            "step": np.concatenate([steps, steps[every]]),
            "value": np.concatenate([loss, loss[every] + 0.2]),
        }
    )


def write_posts(path: Path, posts: int, seed: int) -> None:
    gold, _, _ = made_up(posts, seed)
    write(path, pa.table({"text": [post.text for post in gold], "keyphrases": [list(p.keyphrases) for p in gold]}))


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


def write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd")


def main(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main(run())
