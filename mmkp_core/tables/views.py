"""The catalog's views: which columns of which table each shows, and what the catalog adds to them."""

from collections.abc import Mapping
from dataclasses import dataclass

from mmkp_core.tables.evaluation import HITS, POST_SCORES, SCORES
from mmkp_core.tables.posts import IMAGES, POSTS, QUARANTINE
from mmkp_core.tables.runs import CURVES, PREDICTIONS
from mmkp_core.tables.splits import OVERLAP_PAIRS, SPLITS
from mmkp_core.tables.store import (
    ARTIFACT,
    ARTIFACTS,
    CURRENT,
    DATASET,
    DECISIONS,
    INPUTS,
    INPUTS_GIVEN,
    LEFT_OUT,
    NAMES,
    RUN,
    RUN_ARTIFACT,
    RUNS,
    SPLIT,
    SYSTEM,
)
from mmkp_core.tables.table import TEXT, Column, Table, must
from mmkp_core.tables.teacher import RATIONALES
from mmkp_core.tables.vision import ATTRIBUTES, ENTITIES, MATCHES, OCR

ENGINE_FINGERPRINT = must("engine_fingerprint", TEXT, "engine, models and settings that made the row")
_OF_DATASET = (must("dataset", TEXT, "name of the data set"),)
_OF_SPLIT = (must("split", TEXT, "name of the split"), DATASET)
_ASKED = ("post_id", "image_key", "request_hash")
_OF_RUN = (RUN, RUN_ARTIFACT, SYSTEM, DATASET, SPLIT)


@dataclass(frozen=True)
class View:
    name: str
    about: str
    columns: tuple[Column, ...]
    table: Table
    """Whose rows it shows."""
    where: str = ""
    """Which of them, where not all."""


def _of_files(table: Table, before: tuple[Column, ...] = (), about: str = "") -> View:
    """All of a stored table, with columns that are the same for all rows of a file before its own."""
    return View(table.name, about or table.about, (*before, *table.columns, ARTIFACT), table)


def _of_engines(table: Table, first: tuple[str, ...], then: tuple[str, ...], about: str = "", where: str = "") -> View:
    """Some columns of a table, with the fingerprint of the engine among them."""
    columns = (*table.pick(*first), ENGINE_FINGERPRINT, *table.pick(*then), ARTIFACT)
    return View(table.name, about or table.about, columns, table, where)


def _of_store(table: Table) -> View:
    return View(table.name, table.about, table.columns, table)


VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        _of_files(POSTS, _OF_DATASET, "Posts of every data set that bears a name now."),
        _of_files(IMAGES, _OF_DATASET, "Images of those posts."),
        _of_engines(OCR, ("image_key", "engine"), ("status", "words")),
        _of_engines(
            ENTITIES, ("image_key", "engine"), ("name", "rank", "score"), "Things seen in images.", where="name <> ''"
        ),
        _of_engines(ATTRIBUTES, ("image_key", "engine"), ("attributes",)),
        _of_engines(MATCHES, ("image_key", "post_id", "engine"), ("score", "matched")),
        _of_files(SPLITS, _OF_SPLIT),
        _of_files(OVERLAP_PAIRS, _OF_SPLIT),
        _of_engines(
            RATIONALES,
            _ASKED,
            tuple(column.name for column in RATIONALES.columns if column.name not in (*_ASKED, "engine")),
        ),
        _of_store(RUNS),
        _of_files(CURVES, _OF_RUN),
        _of_files(PREDICTIONS, (*_OF_RUN, CURRENT, INPUTS_GIVEN)),
        _of_files(HITS, (*_OF_RUN, CURRENT, INPUTS_GIVEN)),
        _of_files(POST_SCORES, (*_OF_RUN, CURRENT, INPUTS_GIVEN)),
        _of_files(SCORES, (*_OF_RUN, CURRENT, INPUTS_GIVEN)),
        _of_store(DECISIONS),
        _of_files(QUARANTINE),
        _of_store(ARTIFACTS),
        _of_store(INPUTS),
        _of_store(NAMES),
        _of_store(LEFT_OUT),
    )
}
