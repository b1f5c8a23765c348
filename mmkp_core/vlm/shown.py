"""Chooses what of a post a model is shown: the words and the picture that a spec's settings let through."""

from dataclasses import replace

from mmkp_core.data.post import Example
from mmkp_core.learning import Images
from mmkp_core.prompts.student import StudentPrompt, student_prompt
from mmkp_core.vlm.conversation import ShownPost
from mmkp_core.vlm.pictures import Pictures
from mmkp_core.vlm.settings import TINY
from mmkp_core.vlm.spec import VlmSpec
from mmkp_core.vlm.tiny import TinyShape


def shown_post(example: Example, pictures: Pictures, spec: VlmSpec) -> ShownPost:
    """A post as the spec's modalities show it."""
    picture = pictures.of(example.post) if spec.modalities != "text" else None
    return ShownPost(shown_words(example, spec, with_image=picture is not None), picture)


def shown_words(example: Example, spec: VlmSpec, *, with_image: bool) -> StudentPrompt:
    """The prompt alone."""
    return student_prompt(_visible(example, spec), spec.language, with_image=with_image)


def pictures_for(spec: VlmSpec, images: Images | None) -> Pictures:
    """The pictures that a spec's modalities let through, at the size that its backbone looks at."""
    return Pictures(images if spec.modalities != "text" else None, most_pixels(spec))


def most_pixels(spec: VlmSpec) -> int:
    """The tiny backbone scales every picture to its own size; more pixels than that only cost time."""
    return min(spec.image_pixels, TinyShape.pixels**2) if spec.backbone == TINY else spec.image_pixels


def _visible(example: Example, spec: VlmSpec) -> Example:
    """The post with what the student reads of it."""
    if spec.modalities == "text":
        return Example(post=example.post)
    return replace(
        example,
        post=example.post if spec.modalities == "text+image" else replace(example.post, text=""),
        image_words=example.image_words if spec.image_words else "",
        attributes=example.attributes if spec.visual_words else (),
        entities=example.entities if spec.visual_words else (),
    )
