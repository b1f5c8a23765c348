"""Files of the report benchmark: judgements of made-up predictions, scored by the project's own protocols.

For each run post scores, hits, predictions and a training curve; for each split the texts of its posts.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.score import made_up
from mmkp_core.evaluation.judging import Judged, Phrases
from mmkp_core.evaluation.post_scores import blocks
from mmkp_core.evaluation.protocols import score
from mmkp_core.report.sections.scores import PROTOCOLS

GUESSES = 5
KINDS = ("event", "person", "place", "product")
STEPS = 200


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


def write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd")
