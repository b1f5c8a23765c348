"""Measures the teacher's client against what an endpoint could give: requests in flight over seconds per answer.

The endpoint is the scripted teacher in a process of its own on the same machine, so its own work is in the figure; each
question carries a 150 kB JPEG (200 kB on the wire), is journalled with `fsync`, and becomes a row. In one case the
replies are kept on an object store instead, each as an object of its own, over the S3 protocol on loopback.
"""

import io
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from mmkp_core.data.post import Example, Post
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.journal import Journal, ReplyJournal
from mmkp_core.teacher.rationales import teach
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from storage.objects import Objects
from storage.paid_replies import ReplyObjects

CASES = (  # in flight, seconds per answer, target, answers per slot, where replies are kept
    (64, 1.0, 0.90, 10, "disk"),
    (256, 4.0, 0.85, 6, "disk"),
    (64, 1.0, 0.80, 10, "object store"),
)
JPEG_BYTES = 150_000


def run(share: float = 1.0) -> list[dict[str, Any]]:
    """Rows `name, size, ours, reference, ratio, target, unit, peak_mib`; `share` shortens the runs."""
    pictures = {f"{number:064x}": _jpeg(number) for number in range(16)}
    rows = []
    for in_flight, latency, target, answers, kept in CASES:
        count = max(in_flight, int(in_flight * answers * share))
        with object_store() if kept == "object store" else tempfile.TemporaryDirectory() as home:
            rate, cpu, peak = _rate(in_flight, latency, count, pictures, home)
        ideal = in_flight / latency
        rows.append(
            {
                "name": "teacher" if kept == "disk" else f"teacher: {kept}",
                "size": f"{count:,} posts, {in_flight} in flight, {latency:g} s an answer, "
                f"{cpu / count * 1000:.1f} CPU-ms each",
                "ours": rate,
                "reference": ideal,
                "ratio": rate / ideal,
                "target": f">= {target}",
                "unit": "requests/s",
                "peak_mib": peak,
            }
        )
    return rows


@contextmanager
def object_store() -> Iterator[str]:
    """A bucket of an S3 server in a process of its own."""
    import boto3

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    names = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1",
             "AWS_ENDPOINT_URL": url, "FSSPEC_S3_ENDPOINT_URL": url}  # fmt: skip
    words = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with (
        mock.patch.dict(os.environ, names),
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server,
    ):
        try:
            for _ in range(200):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            boto3.client("s3").create_bucket(Bucket="bench")
            yield "s3://bench/home"
        finally:
            server.terminate()


def _journal(home: str, name: str) -> ReplyJournal:
    return ReplyObjects(Objects(home), name) if "://" in home else Journal(Path(home) / f"{name}.jsonl")


def _rate(
    in_flight: int, latency: float, count: int, pictures: dict[str, bytes], home: str
) -> tuple[float, float, float]:
    """Requests a second, the client's CPU seconds, its peak memory."""
    names = list(pictures)
    examples = [
        Example(post=Post(post_id=f"{n:06d}", text=f"post number {n}", keyphrases=("chess",), image=names[n % 16]))
        for n in range(count)
    ]
    command = [sys.executable, "-m", "mmkp_core.teacher.scripted", "--delay", str(latency), "--until-stdin-closes"]
    limits = TeacherLimits(concurrency=in_flight, timeout=latency * 10 + 10)
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdin and server.stdout
        endpoint = Endpoint(server.stdout.readline().strip())
        with _journal(home, "warm") as journal:  # imports, certificates, code paths
            teach(examples[:1], pictures.get, TeacherSpec(seed=1), Session(endpoint, limits, journal))
        with _journal(home, "questions") as journal:
            began, cpu = time.perf_counter(), time.process_time()
            made = teach(examples, pictures.get, TeacherSpec(), Session(endpoint, limits, journal))
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        server.stdin.close()
    assert made.counts == {"accepted": count}, made.counts
    return count / seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _jpeg(number: int) -> bytes:
    """A photograph-like JPEG of about JPEG_BYTES, within the default pixel budget."""
    noise = np.random.default_rng(number).integers(0, 256, (192, 256, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((768, 576), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    for quality in range(60, 99):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() >= JPEG_BYTES:
            break
    return out.getvalue()


if __name__ == "__main__":
    for row in run():
        print(row)
