"""The catalog: DuckDB views over records and Parquet, one per table, with stable names and columns.

A function of the store and nothing else. `mmkp.duckdb`, which people open in their own shell, is a by-product: it
holds views with absolute paths and small tables, is replaced whole, and may be deleted at any time.
"""

import os
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from mmkp_core.tables.views import VIEWS, View
from storage.contents import Contents
from storage.sources import FILES, ROWS, Files, Value
from storage.store import Store

FILE = "mmkp.duckdb"
FEW = 8
"""Groups of files that a view names one by one; more are joined with a table of files, which DuckDB plans faster."""


def connect(store: Store) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory catalog of the store as it is now."""
    connection = duckdb.connect()
    if not store.objects.is_local:
        connection.register_filesystem(store.objects.fs)
    _define(connection, Contents(store))
    return connection


def shut_in(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """From now on nothing outside the store can be read or written, and this cannot be undone."""
    place = store.objects.base if store.objects.is_local else store.url
    connection.execute(f"SET allowed_directories = [{_sql(place + '/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def refresh(store: Store, *, full: bool = False) -> None:
    """Replace `mmkp.duckdb` by the catalog of now; open readers keep the one they have.

    Called at the end of each flow, so that the file is current there. `full` also walks the store for what was copied
    into it by hand.
    """
    if full:
        store.index.rebuild()
    if store.objects.is_local:
        with store.lock("catalog", told=False):
            _write(store)


def refresh_since(store: Store, moment: float) -> None:
    """`refresh`, unless another process has done it after `moment`."""
    with store.lock("catalog", told=False):
        if (as_of(store) or 0) < moment:
            _write(store)


def as_of(store: Store) -> float | None:
    """The moment whose state the file shows; None where there is no file."""
    try:
        return os.stat(store.objects.full(FILE)).st_mtime
    except FileNotFoundError:
        return None


def _write(store: Store) -> None:
    staged = store.objects.scratch("staging") / f"{uuid.uuid4().hex}.duckdb"
    moment = time.time()
    try:
        with duckdb.connect() as connection:
            # DuckDB 2 writes files that 1.x shells refuse unless told the version
            connection.execute(f"ATTACH {_sql(str(staged))} AS catalog (STORAGE_VERSION 'v1.0.0')")
            connection.execute("USE catalog")
            _define(connection, Contents(store))
            connection.execute("USE memory")
            connection.execute("DETACH catalog")
        os.utime(staged, (moment, moment))
        os.replace(staged, Path(store.objects.base) / FILE)
    finally:
        staged.unlink(missing_ok=True)


def _define(connection: duckdb.DuckDBPyConnection, contents: Contents) -> None:
    connection.execute("BEGIN")
    connection.execute("CREATE SCHEMA files")
    for name, view in VIEWS.items():
        if name in ROWS:
            _fill(connection, f'"{name}"', view, pa.Table.from_pylist(list(ROWS[name](contents)), view.table.schema))
            kind = "TABLE"
        else:
            connection.execute(f'CREATE VIEW "{name}" AS {_select(connection, view, FILES[name](contents))}')
            kind = "VIEW"
        connection.execute(f'COMMENT ON {kind} "{name}" IS {_sql(view.about)}')
        for column in view.columns:
            connection.execute(f'COMMENT ON COLUMN "{name}"."{column.name}" IS {_sql(column.about)}')
    connection.execute("COMMIT")


def _fill(connection: duckdb.DuckDBPyConnection, name: str, view: View, rows: pa.Table) -> None:
    """A table of the catalog's own: `rows` in the types of the view's columns."""
    types = {column.name: column.sql for column in view.columns}
    columns = ", ".join(f'"{column}"::{types.get(column, "VARCHAR")} AS "{column}"' for column in rows.column_names)
    connection.register("_rows", rows)
    connection.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM _rows")
    connection.unregister("_rows")


def _select(connection: duckdb.DuckDBPyConnection, view: View, found: Iterable[Files]) -> str:
    """Files that state the same columns are read alike; given rows lack some that an engine's have."""
    groups: dict[tuple[str, ...], list[Files]] = {}
    for files in found:
        if files.paths:
            groups.setdefault(tuple(files.constants), []).append(files)
    selects: list[str] = []
    for stated, group in groups.items():
        if len(group) <= FEW:
            selects += [_of_few(view, files) for files in group]
        else:
            name = f'files."{view.name}{len(selects) or ""}"'
            _fill(connection, name, view, _listed(group, stated))
            selects.append(_of_many(view, group, name, stated))
    if selects:
        return " UNION ALL ".join(selects)
    nothing = ", ".join(f'NULL::{column.sql} AS "{column.name}"' for column in view.columns)
    return f"SELECT {nothing} WHERE false"


def _of_few(view: View, files: Files) -> str:
    columns = ", ".join(
        f'{_sql(files.constants[c.name])}::{c.sql} AS "{c.name}"'
        if c.name in files.constants
        else f'"{c.name}"::{c.sql} AS "{c.name}"'
        for c in view.columns
    )
    return f"SELECT {columns} FROM read_parquet({_list(files.paths)}){_where(view)}"


def _of_many(view: View, group: Iterable[Files], name: str, stated: tuple[str, ...]) -> str:
    columns = ", ".join(
        f'{"file" if c.name in stated else "row"}."{c.name}"::{c.sql} AS "{c.name}"' for c in view.columns
    )
    paths = dict.fromkeys(path for files in group for path in files.paths)  # a part may belong to several
    return (
        f"SELECT {columns} FROM read_parquet({_list(paths)}, filename=true) AS row "
        f'JOIN {name} AS file ON row.filename = file."file"{_where(view)}'
    )


def _listed(group: list[Files], stated: tuple[str, ...]) -> pa.Table:
    """A row for each file, with what is the same for all of its rows."""
    rows = [{"file": path, **files.constants} for files in group for path in files.paths]
    return pa.table({name: [row[name] for row in rows] for name in ("file", *stated)})


def _where(view: View) -> str:
    return f" WHERE {view.where}" if view.where else ""


def _list(paths: Iterable[str]) -> str:
    return f"[{', '.join(_sql(path) for path in paths)}]"


def _sql(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'"
