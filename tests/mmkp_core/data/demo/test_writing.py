"""A written batch can be read as a user's data would be."""

import io
import json
from pathlib import Path

from PIL import Image

from mmkp_core.data.demo import DemoSpec, demo_facts, write_demo
from mmkp_core.data.demo.writing import image_bytes


def test_posts_images_and_facts_belong_together(tmp_path: Path) -> None:
    written = write_demo(DemoSpec(posts=60), tmp_path)
    posts = [json.loads(line) for line in written.posts.read_text().splitlines()]
    facts = [json.loads(line) for line in written.facts.read_text().splitlines()]
    assert len(posts) == written.post_count == 60
    assert [post["post_id"] for post in posts] == [fact["post_id"] for fact in facts]
    for post, fact in zip(posts, facts, strict=True):
        assert len(post["kinds"]) == len(post["keyphrases"]) == len(fact["evidence"])
    assert {post["image"] for post in posts} == {path.name for path in written.images.iterdir()}
    assert written.image_count == len({post["image"] for post in posts})
    for path in written.images.iterdir():
        assert Image.open(path).size == (224, 224)


def test_broken_files_are_broken_and_the_missing_is_missing(tmp_path: Path) -> None:
    write_demo(DemoSpec(first=140, posts=20), tmp_path / "missing")
    posts = {post.fault: post for post in demo_facts(DemoSpec(posts=600)) if post.fault}
    assert not (tmp_path / "missing" / "images" / posts["missing"].image).exists()
    assert image_bytes(posts["html"]).startswith(b"<!DOCTYPE html>")
    cut = image_bytes(posts["truncated"])
    assert cut[:2] == b"\xff\xd8"  # begins as a JPEG
    assert cut[-2:] != b"\xff\xd9"  # and does not end as one


def test_a_near_copy_is_the_same_picture_saved_worse() -> None:
    posts = list(demo_facts(DemoSpec(posts=400)))
    copy = next(post for post in posts if post.copied == "near")
    source = next(post for post in posts if post.post_id == copy.copy_of)
    assert image_bytes(copy) != image_bytes(source)
    first, second = (Image.open(io.BytesIO(image_bytes(post))).convert("L").resize((8, 8)) for post in (copy, source))
    assert max(abs(a - b) for a, b in zip(first.tobytes(), second.tobytes(), strict=True)) <= 6


def test_platform_posts_leave_their_phrases_to_be_found(tmp_path: Path) -> None:
    written = write_demo(DemoSpec(posts=5, raw=True, images=False), tmp_path)
    row = json.loads(written.posts.read_text().splitlines()[0])
    assert set(row) == {"post_id", "text", "image", "created_at", "lang"}
    assert json.loads(written.facts.read_text().splitlines()[0])["keyphrases"]
    assert list(written.images.iterdir()) == []
