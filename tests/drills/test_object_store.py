"""A whole pipeline on a store that speaks S3's protocol, over HTTP on loopback."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmkp_core.teacher.scripted import Script, serving
from storage import catalog
from storage.store import Store
from storage.upkeep import verify

pytestmark = [pytest.mark.drill, pytest.mark.enable_socket]

DEMO = (
    "demo", "--posts", "100", "--systems", "frequent,copy-ocr,sft", "--set", "systems.copy-ocr.training.epochs=2",
    "--set", "systems.sft.training.epochs=1", "--set", "evaluation.resamples=50", "--set", "ocr.engine=rapid",
)  # fmt: skip


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    """The environment in which `s3://posts` is a bucket of a server of ours."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "FSSPEC_S3_ENDPOINT_URL": url,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="posts")
        s3fs.S3FileSystem.clear_instance_cache()
        yield environment
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


ASK = """
import sys
from mmkp_core.data.post import Example, Post
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.rationales import teach
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec
from storage.objects import Objects
from storage.paid_replies import ReplyObjects
posts = [Post(post_id=f"{n:04d}", text=f"post number {n}", keyphrases=("chess",)) for n in range(200)]
with ReplyObjects(Objects(sys.argv[1]), "questions") as journal:
    session = Session(Endpoint(sys.argv[2]), TeacherLimits(concurrency=8), journal)
    made = teach([Example(post=post) for post in posts], lambda key: None, TeacherSpec(), session)
print(made.counts)
"""


@pytest.mark.fault(13)
def test_a_killed_teaching_on_an_object_store_pays_no_reply_twice(bucket: dict[str, str], tmp_path: Path) -> None:
    with serving(Script(delay=0.2)) as teacher, (tmp_path / "log").open("wb") as log:
        words = [sys.executable, "-c", ASK, "s3://posts/home", teacher.url]
        process = subprocess.Popen(words, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while teacher.stats.tokens == 0 or teacher.stats.requests < 60:
            assert time.monotonic() < deadline and process.poll() is None, (tmp_path / "log").read_text()[-3000:]
            time.sleep(0.05)
        process.kill()
        process.wait()
        assert len(Store("s3://posts/home").objects.names("journals/questions")) >= teacher.stats.requests - 16
        assert subprocess.run(words, stdout=log, stderr=log, check=False).returncode == 0
        assert "{'accepted': 200}" in (tmp_path / "log").read_text()
        assert sum(count > 1 for count in teacher.stats.served.values()) <= 8
        assert len(teacher.stats.served) == 200
    assert Store("s3://posts/home").objects.names("journals/questions") == ["part-0001.jsonl"]


def mmkp(*words: str, home: str, log: Path) -> str:
    with log.open("w") as errors:
        done = subprocess.run(
            [sys.executable, "-m", "flows.command", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "MMKP_HOME": home},
            check=False,
        )
    assert done.returncode == 0, log.read_text()[-3000:]
    return done.stdout


def test_the_whole_pipeline_runs_on_an_object_store(bucket: dict[str, str], tmp_path: Path) -> None:
    home = "s3://posts/home"
    mmkp(*DEMO, home=home, log=tmp_path / "demo.log")
    again = tmp_path / "again.log"
    mmkp(*DEMO, home=home, log=again)
    assert "published" not in again.read_text(), "a second run makes nothing"
    mmkp("predict", "--run", "demo-copy-ocr", "--input", "demo", "--output", str(tmp_path / "p.jsonl"), home=home,
         log=tmp_path / "predict.log")  # fmt: skip
    assert len((tmp_path / "p.jsonl").read_text().splitlines()) == 100
    told = mmkp("query", "select count(*) as n from posts", "--format", "csv", home=home, log=tmp_path / "query.log")
    assert told.split() == ["n", "100"]
    store = Store(home)
    assert list(verify(store)) == []
    with catalog.connect(store) as connection:
        found = {row[0] for row in connection.sql("select distinct system from scores").fetchall()}
    assert {"frequent", "copy-ocr", "sft"} <= found
