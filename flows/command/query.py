"""Prints the rows of a query over the catalog as a table, JSON, CSV or Parquet."""

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from mmkp_core.errors import WrongInput
from mmkp_core.tables.views import VIEWS
from storage import catalog
from storage.store import Store

READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def print_query(store: Store, sql: str, form: str, allow_files: bool = False) -> None:
    """The query reads what is in the store and, unless `allow_files`, nothing else; it changes nothing."""
    with catalog.connect(store) as connection:
        try:
            if not allow_files:
                catalog.shut_in(connection, store)
            [*others, kind] = [statement.type for statement in connection.extract_statements(sql)]
            if others or kind not in READING:
                raise WrongInput("a query changes nothing; write one SELECT")
            relation = connection.sql(sql)
            if relation is None:
                raise WrongInput("the query has no result; write a SELECT")
            if form == "parquet":
                _parquet(relation)
            elif form == "table":
                print(_table(relation))
            else:
                names = relation.columns
                rows = relation.fetchall()
                _json(names, rows) if form == "json" else _csv(names, rows)
        except duckdb.Error as error:
            raise WrongInput(_explained(str(error))) from None


def print_views() -> None:
    """Every view with its columns, as documentation."""
    for name, view in VIEWS.items():
        print(f"{name}: {view.about}")
        for column in view.columns:
            print(f"    {column.name:<20}{column.sql:<25} {column.about}")


def _explained(message: str) -> str:
    first = message.strip().splitlines()[0]
    if "disabled" in first and first.startswith("Permission Error"):
        return f"{first} (a query reads the store and nothing else; --allow-files lets it read other files)"
    missing = re.match(
        r'Catalog Error: Table with name (\S+) does not exist|Parser Error: .* at or near "(\w+)"', first
    )
    if missing:  # words like OVERLAPS are no names in SQL, and fail before the table is looked for
        word = (missing[1] or missing[2]).lower().rstrip("s")
        near = [view for view in VIEWS if word in view]
        if near:
            return f"{first} Did you mean {' or '.join(near)}?"
    did_you_mean = [line.strip() for line in message.splitlines() if "Did you mean" in line or "Candidate" in line]
    return " ".join([first, *did_you_mean[:1]])


def _table(relation: Any) -> str:
    names, rows = relation.columns, relation.limit(1001).fetchall()
    cells = [[_short(value) for value in row] for row in rows[:1000]]
    widths = [max(len(name), *(len(row[i]) for row in cells)) if cells else len(name) for i, name in enumerate(names)]
    numeric = [bool(rows) and all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(names))]

    def line(values: Sequence[str]) -> str:
        aligned = (v.rjust(w) if n else v.ljust(w) for v, w, n in zip(values, widths, numeric, strict=True))
        return "  ".join(aligned).rstrip()

    lines = [line(names), "  ".join("-" * width for width in widths), *(line(row) for row in cells)]
    if len(rows) > 1000:
        lines.append("... more than 1,000 rows; add LIMIT, or take --format csv, json or parquet for all")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".") if value == value else "nan"
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    # control characters could move the cursor or hide text in a terminal
    text = "".join(c if c.isprintable() else "\ufffd" for c in str(value).replace("\n", " "))
    return text if len(text) <= 80 else text[:79] + "…"


def _json(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str, ensure_ascii=False))


def _csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(names)
    for row in rows:
        writer.writerow([*_cells(row)])


def _cells(row: Sequence[Any]) -> Iterator[Any]:
    """Cells that a spreadsheet shows as they are: text that it would run as a formula gets a leading quote."""
    for value in row:
        if isinstance(value, list):
            value = ";".join(str(item) for item in value)
        yield "'" + value if isinstance(value, str) and value.startswith(FORMULA) else value


def _parquet(relation: Any) -> None:
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise WrongInput("Parquet is not for a terminal; send it to a file with > result.parquet")
    pq.write_table(relation.to_arrow_table(), sys.stdout.buffer)
