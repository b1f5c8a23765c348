"""Posts and their split are the same whatever the locale, the time zone, the hash seed and the number of cores."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import hashlib, json, os, sys
from pathlib import Path
cores = int(sys.argv[2])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from mmkp_core.data.formats import IngestSpec, SourceFiles
from mmkp_core.data.post_rows import posts_of
from mmkp_core.data.sources import read_source
from mmkp_core.overlap.spec import SplitSpec
from mmkp_core.overlap.splits import make_split

found, posts = hashlib.sha256(), []
for batch in read_source(SourceFiles(posts=(Path(sys.argv[1]),)), IngestSpec(format="jsonl")):
    found.update(json.dumps(batch.posts.to_pylist(), default=str).encode())
    posts += posts_of(batch.posts)
split = make_split(posts, SplitSpec(kind="clean"), {})
found.update(json.dumps(split.rows().to_pylist()).encode())
print(len(posts), found.hexdigest())
"""


@pytest.mark.fault(32)
def test_every_machine_makes_the_same(tmp_path: Path) -> None:
    texts = ["IŞIK ve Istanbul ısı", "ISTANBUL is warm", "straße und fuß", "İzmir'de kedi", "a cat i saw"]
    rows = [
        {"post_id": f"{n}", "text": f"{texts[n % 5]} {n * 7919}",
         "keyphrases": [texts[n % 5].split()[0], f"tag {n % 7}"],
         "created_at": f"2019-03-31T0{n % 10}:30:00{'Z' if n % 2 else '+05:30'}"}
        for n in range(80)
    ]  # fmt: skip
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    surroundings = (
        {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "0"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"},
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", CODE, str(path), str(cores)],
            env={**os.environ, **these}, capture_output=True, text=True, check=True,
        ).stdout
        for cores, these in enumerate(surroundings, 1)
    ]  # fmt: skip
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("80 ")
