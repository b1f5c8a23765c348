"""Measures how fast posts are ingested, against a reader that checks nothing.

Ours reads JSON lines, checks every row, keeps what is wrong with the bad ones (0.03 % are planted), finds repeated ids
and writes the tables of posts and of quarantine. The reference is DuckDB's `read_json` with the columns given, to
Parquet (zstd), on the same posts without the bad lines, on which it would stop. Both use one thread; they alternate
in one process, and the smallest of each one's CPU times counts.
"""

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.sources import Counts, read_source
from mmkp_core.tables.posts import POSTS, QUARANTINE

TARGET = 0.5
BAD_SHARE = 0.0003
_SYLLABLES = ["ba", "ko", "ri", "ta", "mu", "ne", "so", "li", "gra", "pen", "dor", "vis", "al", "et", "on", "um", "sha"]
_BAD_LINES = (
    b'{"post_id":"cut","text":"this line has no e',
    b'{"post_id":1.5,"text":"the id is no whole number","keyphrases":[],"image":null,"created_at":null,"lang":"en"}',
    b'{"post_id":"bytes","text":"no UTF-8: \xff","keyphrases":[],"image":null,"created_at":null,"lang":"en"}',
    b'{"post_id":"untagged","text":"a field is missing","image":null,"created_at":null,"lang":"en"}',
)


def run(posts: int, repeats: int) -> list[dict[str, Any]]:
    """One row: ours and the reference in posts per CPU second, and the ratio."""
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    with tempfile.TemporaryDirectory() as folder:
        mixed, good = Path(folder, "posts.jsonl"), Path(folder, "good.jsonl")
        planted = write_posts(mixed, good, posts)
        jobs: dict[str, Callable[[], Any]] = {
            "ours": lambda: ingest(mixed, Path(folder)),
            "reference": lambda: copy(good, Path(folder, "reference.parquet")),
        }
        for job in jobs.values():  # warm-up
            job()
        seconds: dict[str, list[float]] = {name: [] for name in jobs}
        for _ in range(repeats):
            for name, job in jobs.items():
                seconds[name].append(_cpu_seconds(job))
        counts = ingest(mixed, Path(folder))
        assert (counts.read, counts.quarantined) == (posts, planted), counts
    ours, reference = (posts / min(seconds[name]) for name in jobs)
    return [
        {
            "name": "ingest",
            "size": posts,
            "ours": round(ours),
            "reference": round(reference),
            "ratio": round(ours / reference, 3),
            "target": TARGET,
            "unit": "posts per CPU-s",
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }
    ]


def ingest(source: Path, folder: Path) -> Counts:
    counts = Counts()
    with (
        pq.ParquetWriter(folder / "posts.parquet", POSTS.schema, **POSTS.parquet) as posts,
        pq.ParquetWriter(folder / "quarantine.parquet", QUARANTINE.schema, compression="zstd") as quarantine,
    ):
        for batch in read_source(SourceFiles(posts=(source,)), IngestSpec(format="jsonl")):
            posts.write_batch(batch.posts)
            quarantine.write_batch(batch.quarantine)
            counts += batch.counts
    return counts


def copy(source: Path, target: Path) -> None:
    with duckdb.connect(config={"threads": 1}) as engine:
        engine.execute(
            f"""
            copy (
                select * from read_json('{source}', format = 'newline_delimited', columns = {{
                    post_id: 'VARCHAR', text: 'VARCHAR', keyphrases: 'VARCHAR[]', image: 'VARCHAR',
                    created_at: 'TIMESTAMP', lang: 'VARCHAR'}})
            ) to '{target}' (format parquet, compression zstd)
            """
        )


def write_posts(mixed: Path, good: Path, posts: int) -> int:
    """The same made-up posts every time, about 280 bytes each; the number of bad lines among them."""
    draw = random.Random(7)
    vocabulary = ["".join(draw.choices(_SYLLABLES, k=draw.randint(1, 4))) for _ in range(20_000)]
    tags = [" ".join(draw.choices(vocabulary, k=draw.choice([1, 1, 2, 2, 3]))) for _ in range(4_000)]
    planted = 0
    with mixed.open("wb") as all_lines, good.open("wb") as good_lines:
        for i in range(posts):
            if draw.random() < BAD_SHARE:
                all_lines.write(_BAD_LINES[planted % len(_BAD_LINES)] + b"\n")
                planted += 1
                continue
            line = orjson.dumps(
                {
                    "post_id": str(10**18 + i * 7919),
                    "text": " ".join(draw.choices(vocabulary, k=draw.randint(8, 22))),
                    "keyphrases": draw.choices(tags, k=draw.choice([1, 1, 1, 2, 3])),
                    "image": f"https://pictures.example/media/{draw.getrandbits(60):015x}.jpg",
                    "created_at": f"2019-0{draw.randint(1, 6)}-{draw.randint(1, 28):02}T{draw.randint(10, 23)}:30:00Z",
                    "lang": draw.choice(["en", "en", "es", "zh"]),
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
            all_lines.write(line)
            good_lines.write(line)
    return planted


def _cpu_seconds(job: Callable[[], Any]) -> float:
    start = time.process_time()
    job()
    return time.process_time() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    for row in run(given.posts, given.repeats):
        print("  ".join(f"{name} {value}" for name, value in row.items()))
