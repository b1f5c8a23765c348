"""What a reference line keeps: the words and the keyphrases of the training posts, in `model.json`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmkp_core.data.post import Example
from mmkp_core.data.text import tokens
from mmkp_core.reference.spec import ReferenceSpec
from mmkp_core.spec import dump, load

FILE = "model.json"


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """Training posts that have a keyphrase; everything else is counted on loading, faster than it could be read."""

    spec: ReferenceSpec
    texts: Sequence[Sequence[str]]
    labels: Sequence[Sequence[str]]


def save_model(folder: Path, model: ReferenceModel) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    document = {"spec": dump(model.spec), "texts": model.texts, "labels": model.labels}
    (folder / FILE).write_text(json.dumps(document), encoding="ascii")


def load_model(folder: Path) -> ReferenceModel:
    document = json.loads((folder / FILE).read_text(encoding="ascii"))
    return ReferenceModel(load(ReferenceSpec, document["spec"]), document["texts"], document["labels"])


def words_of(example: Example, spec: ReferenceSpec) -> list[str]:
    """What two posts are compared by."""
    return tokens(f"{example.post.text} {example.image_words if spec.image_words else ''}".lower())


def labels_of(example: Example) -> list[str]:
    """The distinct keyphrases of a post, lower-case, in their order."""
    distinct = dict.fromkeys(" ".join(tokens(keyphrase.lower())) for keyphrase in example.post.keyphrases)
    return [label for label in distinct if label]
