from dataclasses import replace
from typing import Any

import pytest

from mmkp_core.classic.declaration import declaration
from mmkp_core.classic.parts.images import ImageSpec
from mmkp_core.classic.spec import ClassicSpec
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.errors import WrongInput
from mmkp_core.learning import Declaration
from mmkp_core.spec import changed

ROWS = {row.id: row.spec for row in CLASSIC_SYSTEMS}


def test_what_a_row_reads_needs_and_answers_with_follows_from_its_parts() -> None:
    three = ("joint", "generator", "classifier")
    mm_mkp: dict[str, Any] = {"needs": ("image",), "heads": three}
    assert {name: declaration(spec) for name, spec in ROWS.items()} == {
        "image-grid": Declaration(own_words=False, reads=("features/grid",), needs=("image",)),
        "vgg": Declaration(own_words=False, reads=("features/vgg16",), needs=("image",)),
        "avg": Declaration(),
        "max": Declaration(),
        "att": Declaration(),
        "copy": Declaration(),
        "tmn": Declaration(),
        "topic": Declaration(),
        "one2seq": Declaration(),
        "one2set": Declaration(),
        "neighbour-copy": Declaration(reads=("ocr",)),
        "copy-ocr": Declaration(reads=("ocr",)),
        "co-att": Declaration(reads=("features/grid",), needs=("image",)),
        "ban": Declaration(reads=("features/grid",), needs=("image",)),
        "m3h-att": Declaration(reads=("ocr", "attributes", "features/grid"), needs=("image",), heads=three),
        "m3h-att-tf": Declaration(reads=("ocr", "attributes", "features/grid"), needs=("image",), heads=three),
        "m3h-att-as-released": Declaration(reads=("ocr", "features/grid"), needs=("image",), heads=three),
        "m3h-att-po": Declaration(reads=("ocr", "features/grid"), needs=("image",), heads=three),
        "mm-mkp": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "mm-mkp-as-released": Declaration(reads=("ocr", "entities", "features/grid"), needs=("image",), heads=three),
        "mm-mkp-tf": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "mm-mkp-random-words": Declaration(reads=("ocr", "features/grid"), **mm_mkp),
        "mm-mkp-attributes": Declaration(reads=("ocr", "attributes", "features/grid"), **mm_mkp),
        "mm-mkp-given-match": Declaration(reads=("ocr", "entities", "matches", "features/grid"), **mm_mkp),
        "mm-mkp-matched-words": Declaration(reads=("ocr", "entities", "matches", "features/grid"), **mm_mkp),
        "mm-mkp-no-itm-loss": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "mm-mkp-no-irtm-loss": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "mm-mkp-no-classifier": Declaration(reads=("ocr", "entities", "features/grid"), needs=("image",)),
        "mm-mkp-no-entities": Declaration(reads=("ocr", "features/grid"), **mm_mkp),
        "mm-mkp-no-ocr": Declaration(reads=("entities", "features/grid"), **mm_mkp),
        "mm-mkp-no-image-match": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "mm-mkp-no-region-match": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "mm-mkp-no-filter": Declaration(reads=("ocr", "entities", "features/grid"), **mm_mkp),
        "m3h-att-blind": Declaration(reads=("ocr",), heads=three),
    }


def test_an_extractor_is_read_by_its_name() -> None:
    spec = replace(ROWS["m3h-att-as-released"], image=ImageSpec(features="butd"))
    assert "features/butd" in declaration(spec).reads


@pytest.mark.parametrize(
    ("system", "settings", "message"),
    [
        ("copy", {"classifier.kind": "linear"}, "needs a fusion: set fusion.kind"),
        ("m3h-att", {"image": None}, "fusion each_asks_others needs image"),
        ("m3h-att", {"classifier": None}, "handover needs a classifier"),
        ("m3h-att", {"writer.copying": None}, "handover needs copying"),
        ("copy", {"encoder": None}, "a writer needs an encoder"),
        ("copy", {"writer": None}, "a classifier or a writer to answer with"),
        ("topic", {"topics": None}, "writer.topics needs topics"),
        ("avg", {"fusion.kind": "topic_memory"}, "fusion topic_memory needs topics"),
        ("copy", {"stages.phrases.objective.kind": "topics"}, "a stage that learns topics needs topics"),
        ("mm-mkp", {"image": None}, "matching needs an encoder and an image"),
        ("neighbour-copy", {"writer.kind": "set"}, "neighbours need a writer of one phrase at a time"),
        ("neighbour-copy", {"writer.target": "all"}, "neighbours need a writer of one phrase at a time"),
        ("neighbour-copy", {"writer.copying": None}, "neighbours need copying"),
        ("copy", {"stages": ()}, "needs a stage"),
        ("m3h-att", {"stages.handover.name": "phrases"}, "two stages have one name"),
    ],
)
def test_parts_that_do_not_fit_are_refused(system: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        declaration(changed(ROWS[system], settings))


def test_a_system_that_only_generates_or_only_classifies_has_one_head() -> None:
    assert declaration(ClassicSpec()).heads == ("phrases",)
    without_handover = changed(ROWS["m3h-att"], {"writer.handover": None})
    assert declaration(without_handover).heads == ("generator", "classifier")
    assert declaration(changed(without_handover, {"writer": None})).heads == ("phrases",)
