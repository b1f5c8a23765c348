"""A table's schema and its types in DuckDB follow from its columns."""

import pyarrow as pa
import pytest

from mmkp_core.tables.table import Column, Table, must

PEOPLE = Table(
    "people", "Who is known.", (must("name", pa.string(), "as written"), Column("age", pa.int32(), "in years"))
)


def test_the_schema_says_which_columns_every_row_has() -> None:
    assert PEOPLE.schema.equals(
        pa.schema([pa.field("name", pa.string(), nullable=False), pa.field("age", pa.int32())]), check_metadata=True
    )


def test_columns_are_picked_in_the_order_asked_for() -> None:
    assert [column.name for column in PEOPLE.pick("age", "name")] == ["age", "name"]


@pytest.mark.parametrize(
    ("kind", "sql"),
    [
        (pa.string(), "VARCHAR"),
        (pa.bool_(), "BOOLEAN"),
        (pa.int32(), "BIGINT"),
        (pa.uint64(), "UBIGINT"),
        (pa.float32(), "DOUBLE"),
        (pa.timestamp("us", tz="UTC"), "TIMESTAMP WITH TIME ZONE"),
        (pa.binary(), "BLOB"),
        (pa.list_(pa.string()), "VARCHAR[]"),
        (pa.map_(pa.string(), pa.float64()), "MAP(VARCHAR, DOUBLE)"),
        (pa.list_(pa.struct([("a", pa.int64())])), 'STRUCT("a" BIGINT)[]'),
    ],
    ids=str,
)
def test_each_type_has_one_in_duckdb(kind: pa.DataType, sql: str) -> None:
    assert Column("x", kind, "").sql == sql


def test_a_type_without_one_is_refused() -> None:
    with pytest.raises(TypeError, match="duration"):
        assert Column("x", pa.duration("s"), "").sql
