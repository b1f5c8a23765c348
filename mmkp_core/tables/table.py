"""A table: named columns, each with its type and its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
WHOLE = pa.int64()
NUMBER = pa.float64()
FLAG = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Column:
    name: str
    type: pa.DataType
    about: str
    required: bool = False
    """No row is without it."""

    @property
    def sql(self) -> str:
        """Its type in DuckDB; whole numbers and fractions have one width each there."""
        return _sql(self.type)


@dataclass(frozen=True)
class Table:
    name: str
    """Of its Parquet files, and of the view where there is one."""
    about: str
    columns: tuple[Column, ...]
    parquet: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """Settings of the Parquet writer, where the table knows better ones."""

    @cached_property
    def schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    def pick(self, *names: str) -> tuple[Column, ...]:
        """Some of its columns, in the order asked for."""
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in names)


def must(name: str, type: pa.DataType, about: str) -> Column:
    """A column that every row has."""
    return Column(name, type, about, required=True)


def _sql(kind: pa.DataType) -> str:
    types = pa.types
    if types.is_list(kind):
        return f"{_sql(kind.value_type)}[]"
    if types.is_map(kind):
        return f"MAP({_sql(kind.key_type)}, {_sql(kind.item_type)})"
    if types.is_struct(kind):
        parts = (kind.field(i) for i in range(kind.num_fields))
        return "STRUCT(" + ", ".join(f'"{part.name}" {_sql(part.type)}' for part in parts) + ")"
    for known, name in (
        (types.is_string, "VARCHAR"),
        (types.is_boolean, "BOOLEAN"),
        (types.is_signed_integer, "BIGINT"),
        (types.is_unsigned_integer, "UBIGINT"),
        (types.is_floating, "DOUBLE"),
        (types.is_timestamp, "TIMESTAMP WITH TIME ZONE"),
        (types.is_binary, "BLOB"),
    ):
        if known(kind):
            return name
    raise TypeError(f"no DuckDB type is known for {kind}")
