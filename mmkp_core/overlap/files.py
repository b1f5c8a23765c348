"""Measures what two files of posts share, with the images of two folders where there are any."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmkp_core.data.files import read_posts
from mmkp_core.data.formats import Format
from mmkp_core.data.images import image_path
from mmkp_core.data.post import Post
from mmkp_core.errors import WrongInput
from mmkp_core.overlap.measures import measure_overlap
from mmkp_core.overlap.spec import Unit
from mmkp_core.vision.decoding import Undecodable, decode
from mmkp_core.vision.signatures import ImageSignature, image_signature


@dataclass(frozen=True, slots=True)
class Side:
    """A file of posts, and the folder of their images where there is one."""

    posts: Path
    images: Path | None = None


def overlap_files(
    train: Side, test: Side, layout: Format, unit: Unit, threshold: float, distance: int
) -> Mapping[str, Any]:
    """The JSON of `mmkp overlap`."""
    if not 0 < threshold <= 1:
        raise WrongInput(f"--threshold {threshold}: a Jaccard similarity above 0 and up to 1, like 0.8")
    (train_posts, train_hashes), (test_posts, test_hashes) = (
        _with_images(read_posts(side.posts, layout)[0], side.images) for side in (train, test)
    )
    return measure_overlap(
        train_posts,
        test_posts,
        unit=unit,
        threshold=threshold,
        image_distance=distance,
        hashes={**train_hashes, **test_hashes},
    ).document()


def _with_images(posts: list[Post], folder: Path | None) -> tuple[list[Post], dict[str, ImageSignature]]:
    """Posts whose images are hashed where `folder` holds their bytes."""
    if folder is None:
        return posts, {}
    if not folder.is_dir():
        raise WrongInput(f"{folder}: there is no such folder of images")
    signatures: dict[str, ImageSignature] = {}
    known: list[Post] = []
    for post in posts:
        path = image_path(post.image_ref, folder) if post.image_ref else None
        if path is None:
            known.append(post)
            continue
        data = path.read_bytes()
        image = hashlib.sha256(data).hexdigest()
        picture = decode(data, bound=512)
        if not isinstance(picture, Undecodable):
            signatures[image] = image_signature(picture.rgb)
        known.append(replace(post, image=image))
    return known, signatures
