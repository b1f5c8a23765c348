"""Writes generated posts as files: `posts.jsonl` and `images/` as a user would have them, `facts.jsonl` beside."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from mmkp_core.data.demo.facts import DemoPost, demo_facts
from mmkp_core.data.demo.spec import DemoSpec

QUALITY = 92  # of the original JPEGs


@dataclass(frozen=True, slots=True)
class DemoWritten:
    posts: Path
    images: Path
    facts: Path
    post_count: int
    image_count: int


def write_demo(spec: DemoSpec, folder: Path, report: Callable[[int], None] = lambda done: None) -> DemoWritten:
    """Write the batch in constant memory; `report` gets the number of posts done, every thousandth time."""
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    drawn: set[str] = set()  # bounded by motifs x drawings where drawings are shared
    with (folder / "posts.jsonl").open("wb") as posts, (folder / "facts.jsonl").open("wb") as facts:
        for done, post in enumerate(demo_facts(spec), start=1):
            posts.write(orjson.dumps(_post_row(post, spec.raw)) + b"\n")
            facts.write(orjson.dumps(_fact_row(post)) + b"\n")
            if post.image and post.fault != "missing" and post.image not in drawn:
                (images / post.image).write_bytes(image_bytes(post))
                drawn.add(post.image)
            if done % 1000 == 0:
                report(done)
    return DemoWritten(folder / "posts.jsonl", images, folder / "facts.jsonl", spec.posts, len(drawn))


def image_bytes(post: DemoPost) -> bytes:
    """The file of a post's image, broken where the post says so."""
    from mmkp_core.data.demo.drawing import draw_picture  # Pillow: not needed for the words alone

    assert post.picture, "a post without a picture has no file"
    if post.fault == "html":
        return b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n"
    out = io.BytesIO()
    if post.image.endswith(".png"):
        draw_picture(post.picture).save(out, "PNG")
    else:
        draw_picture(post.picture).save(out, "JPEG", quality=post.picture.quality or QUALITY)
    data = out.getvalue()
    return data[: len(data) // 2] if post.fault == "truncated" else data


def _post_row(post: DemoPost, raw: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "post_id": post.post_id,
        "text": post.text,
        "image": post.image or None,
        "created_at": post.created_at.isoformat(),
        "lang": post.lang,
    }
    if not raw:  # there the phrases are to be found among the hashtags
        row |= {"keyphrases": post.keyphrases, "kinds": post.kinds}
    return row


def _fact_row(post: DemoPost) -> dict[str, Any]:
    return {
        "post_id": post.post_id,
        "keyphrases": post.keyphrases,
        "kinds": post.kinds,
        "evidence": post.evidence,
        "image": post.image or None,
        "shown": post.picture.describe() if post.picture else None,
        "image_words": post.picture.words if post.picture else None,
        "fault": post.fault or None,
        "copy_of": post.copy_of or None,
        "copied": post.copied or None,
    }
