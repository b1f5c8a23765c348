"""Each part's table has a row for every spec that the part may be."""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from mmkp_core.classic.parts.classifiers import CLASSIFIERS, ClassifierSpec
from mmkp_core.classic.parts.encoders import ENCODERS, EncoderSpec
from mmkp_core.classic.parts.fusions import FUSIONS, FusionSpec
from mmkp_core.classic.parts.images import IMAGES, ImageSpec
from mmkp_core.classic.parts.matching import MATCHINGS, MatchingSpec
from mmkp_core.classic.parts.neighbours import NEIGHBOURS, NeighbourSpec
from mmkp_core.classic.parts.stages import OBJECTIVES, ObjectiveSpec
from mmkp_core.classic.parts.topics import TOPICS, TopicSpec
from mmkp_core.classic.parts.writers import WRITERS, WriterSpec
from mmkp_core.imports import imported

TABLES = [
    (ENCODERS, EncoderSpec),
    (IMAGES, ImageSpec),
    (MATCHINGS, MatchingSpec),
    (FUSIONS, FusionSpec),
    (CLASSIFIERS, ClassifierSpec),
    (NEIGHBOURS, NeighbourSpec),
    (TOPICS, TopicSpec),
    (WRITERS, WriterSpec),
    (OBJECTIVES, ObjectiveSpec),
]


@pytest.mark.parametrize(("table", "union"), TABLES, ids=lambda given: str(getattr(given, "__name__", "")))
def test_every_spec_has_a_row_that_leads_to_its_class(table: Mapping[type, str], union: Any) -> None:
    assert set(table) == set(get_args(union) or (union,))
    assert all(isinstance(imported(path), type) for path in table.values())


def test_rows_and_learner_load_no_heavy_library() -> None:
    code = (
        "import sys, mmkp_core.classic.systems; from mmkp_core.classic.learner import ClassicLearner;"
        "[ClassicLearner().declare(row.spec) for row in mmkp_core.classic.systems.CLASSIC_SYSTEMS];"
        "print([name for name in ('torch', 'scipy', 'accelerate', 'nltk', 'cv2') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
