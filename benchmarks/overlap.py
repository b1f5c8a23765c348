"""Measures how fast duplicates are found, against approximate tools and against an exact join in SQL.

Posts of 8 to 22 words, a twentieth of them one word away from another, a fiftieth another in capitals; duplicates are
texts whose word sets have a Jaccard similarity of 0.7 and more. Ours begins with the texts as they are and gives every
pair, each counted out. `neardup` compares all posts, `leak` a few thousand test posts with all others.

    rensa        MinHash of 128 numbers; candidates of its index are checked on the signatures
    datasketch   the same, candidates not checked; on fewer posts, as it takes fifteen times as long
    DuckDB       an exact prefix join, as a person would write it in SQL

All on one thread, in turn in one process; the smallest CPU time of each counts. rensa and datasketch are no
dependencies: `uv pip install rensa datasketch` beside the project adds their rows.
"""

import argparse
import importlib.util
import os
import resource
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import duckdb
import numpy as np
import pyarrow as pa

from mmkp_core.overlap.duplicates import near_texts
from mmkp_core.seeding import generator

THRESHOLD = 0.7
TEST_POSTS = 5_000
VOCABULARY = 45_000


def run(posts: int = 100_000, repeats: int = 2) -> list[dict[str, Any]]:
    """Rows `name, size, ours, reference, ratio, target, unit, peak_mib`: CPU seconds, and ours as a share."""
    texts, planted = made_up_posts(posts)
    return [*_neardup(texts, planted, repeats), _leak(texts, planted, repeats)]


def _neardup(texts: list[str], planted: np.ndarray, repeats: int) -> list[dict[str, Any]]:
    few = texts[: max(1, len(texts) // 50)]
    flagged = duplicates_among(texts)
    peak = _peak_mib()
    recall = flagged[planted].mean()
    size = f"{len(texts):,} posts; {recall:.4f} of {len(planted):,} planted duplicates found, every pair counted out"
    jobs: dict[str, Callable[[], Any]] = {"ours": lambda: duplicates_among(texts)}
    if importlib.util.find_spec("rensa"):
        jobs["rensa"] = lambda: rensa_flags(texts)
        size += f"; by rensa {rensa_flags(texts)[planted].mean():.4f}"
    if importlib.util.find_spec("datasketch"):
        jobs["datasketch"] = lambda: datasketch_flags(few)
    seconds = _least_cpu_seconds(jobs, repeats)
    per_post = {name: value / len(few if name == "datasketch" else texts) for name, value in seconds.items()}
    return [
        _row(
            f"neardup against {name}",
            size if name in jobs else f"{size}; {name} is not installed",
            seconds["ours"],
            per_post[name] * len(texts) if name in jobs else None,
            target,
            peak,
        )
        for name, target in (("rensa", "<= 0.3"), ("datasketch", "<= 0.033"))
    ]


def _leak(texts: list[str], planted: np.ndarray, repeats: int) -> dict[str, Any]:
    test = np.zeros(len(texts), bool)
    test[planted[:: max(1, len(planted) // 400)]] = True  # some of the test posts have a duplicate in train
    test[: max(1, min(TEST_POSTS, len(texts) // 10)) - int(test.sum())] = True
    ours = leaked(texts, test)
    peak = _peak_mib()
    theirs = duckdb_leaked(texts, test)
    assert ours == theirs, f"{len(ours)} test posts of ours and {len(theirs)} of the SQL join have a duplicate in train"
    seconds = _least_cpu_seconds(
        {"ours": lambda: leaked(texts, test), "sql": lambda: duckdb_leaked(texts, test)}, repeats
    )
    size = f"{test.sum():,} posts against {(~test).sum():,}; {len(ours)} of {len(theirs)} with a duplicate found"
    return _row("leak against DuckDB", size, seconds["ours"], seconds["sql"], "<= 0.35", peak)


def duplicates_among(texts: Sequence[str]) -> np.ndarray:
    """Which posts have a duplicate among the others."""
    found = near_texts(texts, "word", THRESHOLD)
    shared = np.bincount(found.group[found.group >= 0], minlength=found.groups) > 1
    shared[found.left] = shared[found.right] = True
    return (found.group >= 0) & shared[found.group]


def leaked(texts: Sequence[str], test: np.ndarray) -> set[int]:
    found = near_texts(texts, "word", THRESHOLD, across=test)
    return set(np.flatnonzero(found.touched(by=~test, among=test)).tolist())


def rensa_flags(texts: Sequence[str]) -> np.ndarray:
    import rensa

    index = rensa.RMinHashDeduplicator(threshold=THRESHOLD, num_perm=128, use_lsh=True)
    return ~np.array(index.add_pairs((str(at), text.lower().split()) for at, text in enumerate(texts)))


def datasketch_flags(texts: Sequence[str]) -> np.ndarray:
    import datasketch

    index = datasketch.MinHashLSH(threshold=THRESHOLD, num_perm=128)
    flags = np.zeros(len(texts), bool)
    for at, text in enumerate(texts):
        sketch = datasketch.MinHash(num_perm=128)
        sketch.update_batch([word.encode() for word in set(text.lower().split())])
        flags[at] = bool(index.query(sketch))
        index.insert(at, sketch)
    return flags


def duckdb_leaked(texts: Sequence[str], test: np.ndarray) -> set[int]:
    """Sets as lists of word numbers, rarest first; partners share one of the rarest few and are then counted out."""
    given = pa.table({"id": np.arange(len(texts)), "test": test, "text": pa.array(texts, pa.string())})  # noqa: F841
    over, under = 7, 10
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute(
            """
            create temp table words as
                select id, test, unnest(list_distinct(string_split_regex(trim(lower(text)), '[^a-z0-9]+'))) as word
                from given;
            create temp table numbers as
                select word, row_number() over (order by count(*), word) as number from words group by word;
            create temp table sets as
                select id, test, list_sort(list(number)) as members, count(*) as size
                from words join numbers using (word) group by id, test;
            """
        )
        prefix = f"unnest(members[: size - (({over} * size + {under} - 1) // {under}) + 1])"
        found = engine.sql(
            f"""
            with tests as (select id, size, members, {prefix} as number from sets where test),
            trains as (
                select id, size, number
                from (select id, size, {prefix} as number from sets where not test)
                where number in (select number from tests)
            ),
            candidates as (
                select distinct tests.id as one, trains.id as other
                from tests join trains using (number)
                where {under} * trains.size >= {over} * tests.size and {under} * tests.size >= {over} * trains.size
            )
            select distinct one
            from candidates join sets as a on a.id = one join sets as b on b.id = other
            where ({over} + {under}) * len(list_intersect(a.members, b.members)) >= {over} * (a.size + b.size)
            """
        ).fetchall()
    return {one for (one,) in found}


def made_up_posts(count: int) -> tuple[list[str], np.ndarray]:
    """Texts, and the positions of those that were made from another and are still a duplicate of it."""
    draw = generator(0, "overlap benchmark")
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array([f"{''.join(draw.choice(letters, 1 + at % 7))}{at}" for at in range(VOCABULARY)], object)
    likely = 1 / (np.arange(VOCABULARY) + 5) ** 1.1
    lengths = draw.integers(8, 23, count)
    ends = np.cumsum(lengths)
    drawn = words[draw.choice(VOCABULARY, ends[-1], p=likely / likely.sum())]
    posts = [drawn[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)]
    places = draw.permutation(count)
    edited, shouted = count // 20, count // 50
    ends_of_pairs = np.stack([places[: edited + shouted], places[-(edited + shouted) :]])
    originals, edits = ends_of_pairs.min(axis=0), ends_of_pairs.max(axis=0)  # a stream meets the original first
    planted = []
    for at, (original, edit) in enumerate(zip(originals.tolist(), edits.tolist(), strict=True)):
        posts[edit] = posts[original].copy()
        if at < edited:
            posts[edit][draw.integers(len(posts[edit]))] = words[draw.integers(VOCABULARY)]
        mine, theirs = set(posts[edit]), set(posts[original])
        if 10 * len(mine & theirs) >= 7 * len(mine | theirs):
            planted.append(edit)
    shouting = set(edits[edited:].tolist())
    texts = [" ".join(post).upper() if at in shouting else " ".join(post) for at, post in enumerate(posts)]
    return texts, np.array(planted)


def _least_cpu_seconds(jobs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    least = dict.fromkeys(jobs, float("inf"))
    for _ in range(repeats):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            least[name] = min(least[name], time.process_time() - start)
    return least


def _row(name: str, size: str, ours: float, reference: float | None, target: str, peak: int) -> dict[str, Any]:
    return {
        "name": name,
        "size": size,
        "ours": round(ours, 3),
        "reference": None if reference is None else round(reference, 3),
        "ratio": None if reference is None else round(ours / reference, 4),
        "target": target,
        "unit": "CPU-s",
        "peak_mib": peak,
    }


def _peak_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    for row in run(given.posts, given.repeats):
        print(row)
