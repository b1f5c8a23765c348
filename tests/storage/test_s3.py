"""A store on S3 works as a local one does, over HTTP."""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mmkp_core.data.batches import Counts
from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import row_of_post
from mmkp_core.tables.posts import POSTS
from storage import catalog
from storage.draft import Draft
from storage.facts import DatasetFacts, PartFacts, PostsFacts
from storage.store import Store


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "FSSPEC_S3_ENDPOINT_URL": url,
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="posts")
    s3fs.S3FileSystem.clear_instance_cache()
    yield f"s3://posts/{uuid.uuid4().hex}"  # what one server holds is held by all of this process
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def test_artifacts_and_names_are_published_gathered_and_queried(bucket: str) -> None:
    store = Store(bucket)

    def posts(draft: Draft) -> None:
        draft.write_table(POSTS, [row_of_post(Post(post_id="1", text="one"))])
        draft.facts = PostsFacts(counts=Counts())

    def dataset(draft: Draft) -> None:
        draft.facts = DatasetFacts(counts=Counts())

    part, _ = store.build("posts", {}, [], 1, posts)
    whole, _ = store.build("dataset", {}, [part.ref], 1, dataset)
    store.point("dataset/a", whole.ref, "made by a test")
    store.index.gather()
    store.point("dataset/b", whole.ref, "made by a test")
    fresh = Store(bucket)
    assert fresh.objects.names("index/snapshots") == ["00000001.parquet"]
    assert len(fresh.objects.names("index/log")) == 1
    assert [record.ref for record in fresh.records()] == [whole.ref, part.ref]
    assert fresh.require(part.ref) == part
    with catalog.connect(fresh) as connection:
        assert connection.sql("select dataset, text from posts order by 1").fetchall() == [("a", "one"), ("b", "one")]
    fresh.forget(part.ref)
    assert [record.ref for record in Store(bucket).records()] == [whole.ref]


def test_a_name_that_is_taken_is_not_written_over(bucket: str) -> None:
    objects = Store(bucket).objects
    assert objects.create("names/run/a/00000001.json", b"first")
    assert not objects.create("names/run/a/00000001.json", b"second")
    assert objects.read("names/run/a/00000001.json") == b"first"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What S3 is asked, by operation."""
    import s3fs

    counted: Counter[str] = Counter()
    call = s3fs.S3FileSystem._call_s3

    async def counting(self: Any, operation: str, *args: Any, **kwargs: Any) -> Any:
        counted[operation] += 1
        return await call(self, operation, *args, **kwargs)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", counting)
    return counted


def test_an_image_is_read_by_one_request(bucket: str, requests: Counter[str]) -> None:
    store = Store(bucket)
    images = [store.images.add(f"image {n}".encode()) for n in range(20)]
    assert requests["put_object"] == 20
    requests.clear()
    assert [Store(bucket).images.read(image) for image in images][19] == b"image 19"
    assert requests == {"get_object": 20}


def test_all_records_are_read_by_a_few_requests(bucket: str, requests: Counter[str]) -> None:
    """One for the folder of snapshots, one for the newest, one for the notes since: not one for each record."""
    store = Store(bucket)

    def build(draft: Draft) -> None:
        draft.facts = PartFacts()

    for n in range(30):
        store.build("ocr", {"part": n}, [], 1, build, group="made")
    store.index.gather()
    requests.clear()
    assert len(list(Store(bucket).records())) == 30
    assert sum(requests.values()) <= 6, requests
