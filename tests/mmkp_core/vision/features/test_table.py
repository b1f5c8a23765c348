import subprocess
import sys
from typing import get_args

from pydantic import TypeAdapter

from mmkp_core.vision.features.grid import GridSpec
from mmkp_core.vision.features.table import EXTRACTORS, ExtractorSpec, FeatureSpec, make_extractor


def test_every_extractor_has_a_row_under_the_kind_of_its_spec() -> None:
    assert {spec for spec, _ in EXTRACTORS.values()} == set(get_args(ExtractorSpec) or (ExtractorSpec,))
    assert all(spec().kind == name for name, (spec, _) in EXTRACTORS.items())


def test_the_default_extractor_needs_no_weights() -> None:
    extractor = make_extractor(FeatureSpec())
    assert (extractor.cells, extractor.numbers) == (49, 23)
    assert make_extractor(FeatureSpec(extractor=GridSpec(cells=5))).cells == 25


def test_the_spec_is_a_form_with_words() -> None:
    form = TypeAdapter(FeatureSpec).json_schema()
    assert "no weights" in form["properties"]["extractor"]["description"]


def test_the_table_loads_no_heavy_library() -> None:
    code = (
        "import sys, mmkp_core.vision.features.table;"
        "print([name for name in ('torch', 'scipy', 'cv2', 'pyarrow') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
