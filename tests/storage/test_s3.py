"""A store on S3 works as a local one does, over HTTP."""

from collections.abc import Iterator

import pytest

from mmkp_core.data.batches import Counts
from mmkp_core.data.post import Post
from mmkp_core.data.post_rows import row_of_post
from mmkp_core.tables.posts import POSTS
from storage import catalog
from storage.draft import Draft
from storage.facts import DatasetFacts, PostsFacts
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
    yield "s3://posts"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


def test_artifacts_and_names_are_published_gathered_and_queried(bucket: str) -> None:
    store = Store(f"{bucket}/home")

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
    fresh = Store(f"{bucket}/home")
    assert fresh.objects.names("index/snapshots") == ["00000001.parquet"]
    assert len(fresh.objects.names("index/log")) == 1
    assert [record.ref for record in fresh.records()] == [whole.ref, part.ref]
    assert fresh.require(part.ref) == part
    with catalog.connect(fresh) as connection:
        assert connection.sql("select dataset, text from posts order by 1").fetchall() == [("a", "one"), ("b", "one")]
    fresh.forget(part.ref)
    assert [record.ref for record in Store(f"{bucket}/home").records()] == [whole.ref]


def test_a_name_that_is_taken_is_not_written_over(bucket: str) -> None:
    objects = Store(f"{bucket}/home").objects
    assert objects.create("names/run/a/00000001.json", b"first")
    assert not objects.create("names/run/a/00000001.json", b"second")
    assert objects.read("names/run/a/00000001.json") == b"first"
