"""The rows of one engine for a data set's images: which are there, which are missing, and which count."""

from collections.abc import Mapping

from mmkp_core.errors import WrongInput
from mmkp_core.identity import ArtifactRef
from mmkp_core.vision.engines import Engine
from storage.dataset import DataSet
from storage.draft import Draft
from storage.enrichment import KIND
from storage.facts import EnrichmentFacts, RowSource
from storage.records import Record
from storage.rows import RowStore
from storage.store import Store

ROWS_VERSION = 1
SELECTION_VERSION = 1


def row_store(store: Store, engine: Engine) -> RowStore:
    """The rows of one engine; vectors are listed in a table beside them."""
    table = "features_index" if engine.table == "features" else engine.table
    return RowStore(store, engine.table, engine.fingerprint, ROWS_VERSION, table=table)


def shard_of(images: Mapping[str, str], shard: int, count: int) -> dict[str, str]:
    """Every `count`-th image, in the order of their keys."""
    return {key: images[key] for key in sorted(images)[shard::count]}


def wanted_images(dataset: DataSet, kind: str) -> dict[str, str]:
    """Images to be read for a kind of enrichment: those with bytes whose rows did not come with the posts."""
    parts = dataset.given(kind)
    given = set(dataset.store.table(parts, kind, ["image_key"])["image_key"].to_pylist()) if parts else set()
    return {key: image for key, image in dataset.image_bytes().items() if key not in given}


def selection_address(store: Store, dataset: ArtifactRef, engine: Engine, spec: object) -> ArtifactRef:
    return store.address(KIND, _spec(engine, spec), [dataset], SELECTION_VERSION, engine.kind)


def find_selection(store: Store, dataset: ArtifactRef, engine: Engine, spec: object) -> Record | None:
    """The enrichment of a data set by an engine, if all its rows are there."""
    record = store.find(selection_address(store, dataset, engine, spec))
    if record is None or any(store.find(part) is None for part in record.inputs):
        return None
    return record


def select_rows(store: Store, ref: ArtifactRef, engine: Engine, spec: object) -> tuple[Record, bool]:
    """Publish which rows count for a data set: given ones before the engine's."""
    dataset = DataSet(store, ref)
    sources: list[RowSource] = []
    if given := [part.ref.address for part in dataset.given(engine.table)]:
        sources.append(RowSource(name="given with the posts", artifacts=tuple(given)))
    elif engine.kind == "matches":
        raise WrongInput(f"{ref}: its posts came without match scores; a system that reads them has nothing to read")
    rows = row_store(store, engine)
    parts = [part.ref for part in rows.parts()]
    if parts:
        sources.append(RowSource(name=engine.name, engine=rows.group))

    def build(draft: Draft) -> None:
        draft.facts = EnrichmentFacts(
            dataset=ref.address, kind=engine.kind, sources=tuple(sources), images=len(dataset.images())
        )
        draft.selects += parts

    return store.build(KIND, _spec(engine, spec), [ref], SELECTION_VERSION, build, group=engine.kind, rebuild=True)


def _spec(engine: Engine, spec: object) -> dict[str, object]:
    return {"settings": spec, "engine": engine.fingerprint}
