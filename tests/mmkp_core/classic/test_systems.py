from mmkp_core.classic.learner import ClassicLearner
from mmkp_core.classic.systems import CLASSIC_SYSTEMS
from mmkp_core.spec import walk

ROWS = {row.id: row.spec for row in CLASSIC_SYSTEMS}


def differing(one: str, other: str) -> set[str]:
    left, right = ({path: value for path, value, _ in walk(ROWS[name])} for name in (one, other))
    return {path for path in left.keys() | right.keys() if left.get(path) != right.get(path)}


def test_every_row_fits_together() -> None:
    for spec in ROWS.values():
        assert ClassicLearner().declare(spec).heads


def test_variants_differ_in_what_their_titles_say() -> None:
    assert differing("copy", "copy-ocr") == {"reads.image_words"}
    assert differing("avg", "max") == {"fusion.pool"}
    assert differing("image-grid", "vgg") == {"image.features"}
    assert differing("copy", "att") == {"writer.copying.oov"}
    assert differing("m3h-att", "m3h-att-blind") == {"reads.attributes", "image.withheld"}
    assert differing("m3h-att", "m3h-att-as-released") == {
        "reads.attributes",
        "fusion.kind",
        "writer.handover.shares",
    }
