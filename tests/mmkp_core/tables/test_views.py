"""The catalog's views have stable names, and every column a meaning."""

import subprocess
import sys

from mmkp_core.tables.table import Table
from mmkp_core.tables.views import VIEWS
from mmkp_core.tables.vision import ATTRIBUTES, ENTITIES, GIVEN, OCR

NAMES = (
    "posts images ocr entities attributes matches splits overlap_pairs rationales runs curves predictions hits "
    "post_scores scores decisions quarantine artifacts left_out inputs names"
)


def test_the_names_that_queries_rest_on() -> None:
    assert set(VIEWS) == set(NAMES.split())


def test_every_column_of_a_view_has_a_meaning_and_stands_once() -> None:
    for view in VIEWS.values():
        assert view.about and all(column.about for column in view.columns)
        names = [column.name for column in view.columns]
        assert len(set(names)) == len(names)


def test_a_view_shows_given_rows_by_columns_that_they_have() -> None:
    """Beside those that the catalog states for a whole file."""
    stated = {"engine_fingerprint", "status", "artifact"}
    for engine in (OCR, ATTRIBUTES, ENTITIES):
        given: Table = GIVEN[engine.name]
        shown = {column.name for column in VIEWS[engine.name].columns} - stated
        assert shown <= set(given.schema.names) & set(engine.schema.names)


def test_descriptions_are_cheap_to_import() -> None:
    code = "import sys, mmkp_core.tables.views; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"torch", "duckdb", "prefect", "transformers"} == set()
