"""An artifact in the making: its files in a staging folder, and what its record is to state."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.identity import ArtifactRef, sha256_of
from mmkp_core.tables.store import ARTIFACT
from mmkp_core.tables.table import Table
from storage.facts import FACTS
from storage.records import StoredFile


@dataclass
class Draft:
    """A folder for the files of `ref`, to be filled by its builder."""

    ref: ArtifactRef
    folder: Path
    facts: Any = None
    """What the artifact states, of the class that its kind has in `facts.FACTS`; every builder sets it."""
    rests_on: list[ArtifactRef] = field(default_factory=list)
    """Artifacts that it also needs; they follow from its inputs and spec, so its address does not tell them."""
    selects: list[ArtifactRef] = field(default_factory=list)
    """Parts of a row store that it takes rows from; other rows may come to lie beside those, which changes nothing."""

    def write_table(self, table: Table, rows: pa.Table | Sequence[Mapping[str, Any]]) -> int:
        """Write all of a table at once; its number of rows."""
        with self.table(table) as writer:
            writer.write(rows)
        return writer.rows

    def table(self, table: Table) -> "TableWriter":
        """A table that grows batch by batch."""
        return TableWriter(self.folder / f"{table.name}.parquet", table, self.ref.address)

    def stated(self) -> Any:
        """Its facts, which the builder must have set."""
        kind = FACTS[self.ref.kind]
        if not isinstance(self.facts, kind):
            raise TypeError(
                f"the builder of {self.ref} left draft.facts as {self.facts!r}; it must set {kind.__name__}(...)"
            )
        return self.facts

    def files(self) -> tuple[StoredFile, ...]:
        return tuple(_described(path, self.folder) for path in sorted(self.folder.rglob("*")) if path.is_file())


class TableWriter(AbstractContextManager["TableWriter"]):
    """Writes a table as Parquet; every row says which artifact it belongs to."""

    def __init__(self, path: Path, table: Table, artifact: str) -> None:
        self.rows = 0
        self._source = table.schema
        self._schema = self._source.append(pa.field(ARTIFACT.name, ARTIFACT.type, nullable=False))
        self._artifact = pa.scalar(artifact, ARTIFACT.type)
        settings: dict[str, Any] = {"compression": "zstd", **table.parquet}
        if isinstance(dictionary := settings.get("use_dictionary"), list):
            settings["use_dictionary"] = [*dictionary, ARTIFACT.name]
        self._writer = pq.ParquetWriter(path, self._schema, **settings)

    def write(self, rows: pa.Table | pa.RecordBatch | Sequence[Mapping[str, Any]]) -> None:
        if isinstance(rows, pa.RecordBatch):
            rows = pa.Table.from_batches([rows])
        elif not isinstance(rows, pa.Table):
            rows = pa.Table.from_pylist(list(rows), schema=self._source)
        if rows.num_rows == 0:
            return
        artifact = pa.repeat(self._artifact, rows.num_rows)
        table = rows.select(self._source.names).cast(self._source)
        self._writer.write_table(table.append_column(self._schema.field(ARTIFACT.name), artifact))
        self.rows += rows.num_rows

    def __exit__(self, *_: object) -> None:
        self._writer.close()


def _described(path: Path, root: Path) -> StoredFile:
    rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
    return StoredFile(str(path.relative_to(root)), sha256_of(path), path.stat().st_size, rows)
