"""Per-post figures as rows of the table `post_scores`, and from the rows back to arrays.

Whatever compares systems is computed from these rows: no predictions are scored a second time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmkp_core.errors import Mismatch
from mmkp_core.evaluation.score_table import Flags, ScoreTable, SliceTable, Values, columns_of, metrics_of
from mmkp_core.evaluation.slices import KIND, in_order
from mmkp_core.evaluation.spec import ProtocolName
from mmkp_core.tables.evaluation import POST_SCORES

Selection = Mapping[tuple[ProtocolName, str], tuple[str, ...]]
"""(protocol, metric) -> the slices that are read; `kind:` stands for every kind."""
ByProtocol = Mapping[ProtocolName, ScoreTable]


def blocks(head: str, table: ScoreTable) -> Iterator[pa.Table]:
    """The rows of one head and protocol, a block for each metric: kept as row groups, a reader skips the others."""
    if not table.slices:
        return
    every = table.slices["all"]
    posts = len(table.post_ids)
    post_ids = pa.array(table.post_ids, pa.string())
    for metric, values in every.columns.items():
        parts = {n: part for n, part in table.slices.items() if n != "all" and metric in part.columns}
        columns = {
            "head": pa.repeat(pa.scalar(head), posts),
            "post_id": post_ids,
            "protocol": pa.repeat(pa.scalar(table.protocol), posts),
            "metric": pa.repeat(pa.scalar(metric), posts),
            "value": pa.array(values, mask=~every.entered),
            "slices": _as_maps(metric, parts, posts),
        }
        yield pa.table(columns, schema=POST_SCORES.schema)


def read_tables(rows: pa.Table, selection: Selection | None = None) -> dict[str, ByProtocol]:
    """head -> protocol -> the table whose rows these are, or the selected part of it."""
    found: dict[str, dict[ProtocolName, dict[str, _Block]]] = {}
    wanted = None if selection is None else _slices_by_column(selection)
    for head, protocol, metric, block in _blocks_of(rows):
        if wanted is None or (protocol, metric) in wanted:
            metrics = found.setdefault(head, {}).setdefault(protocol, {})
            if metric in metrics:
                raise Mismatch(
                    f"post_scores: two blocks of {head}, {protocol}, {metric}; give the rows of one artifact"
                )
            metrics[metric] = _Block.of(block, None if wanted is None else wanted[protocol, metric])
    return {
        head: {protocol: _table(protocol, metrics) for protocol, metrics in of_head.items()}
        for head, of_head in found.items()
    }


def rows_with(selection: Selection) -> pc.Expression:
    """The filter under which a file gives only the rows that a selection reads."""
    metrics: dict[str, set[str]] = {}
    for protocol, column in _slices_by_column(selection):
        metrics.setdefault(protocol, set()).add(column)
    parts = [
        (pc.field("protocol") == protocol) & pc.field("metric").isin(sorted(names))
        for protocol, names in metrics.items()
    ]
    expression = parts[0]
    for part in parts[1:]:
        expression = expression | part
    return expression


def _as_maps(metric: str, parts: Mapping[str, SliceTable], posts: int) -> pa.MapArray:
    """Per post what the metric gives in each slice that the post belongs to."""
    entered = np.zeros((posts, len(parts)), dtype=bool)
    values = np.zeros((posts, len(parts)))
    for number, part in enumerate(parts.values()):
        entered[:, number], values[:, number] = part.entered, part.columns[metric]
    offsets = np.concatenate([[0], np.cumsum(entered.sum(axis=1))]).astype(np.int32)
    names = pa.array(list(parts), pa.string()).take(pa.array(np.nonzero(entered)[1]))
    return pa.MapArray.from_arrays(offsets, names, pa.array(values[entered]))


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """One metric of one head and protocol."""

    post_ids: pa.Array
    slices: Mapping[str, tuple[Flags, Values]]

    @classmethod
    def of(cls, rows: pa.Table, wanted: frozenset[str] | None) -> "_Block":
        def asked(name: str) -> bool:
            return wanted is None or name in wanted or (KIND in wanted and name.startswith(KIND))

        value = _whole(rows["value"])
        slices = {"all": (pc.is_valid(value).to_numpy(False), value.fill_null(0.0).to_numpy())} if asked("all") else {}
        maps = _whole(rows["slices"])
        offsets = maps.offsets.to_numpy()
        names = maps.keys.slice(offsets[0], offsets[-1] - offsets[0]).dictionary_encode()
        items = maps.items.to_numpy()[offsets[0] : offsets[-1]]
        owners = np.repeat(np.arange(len(maps)), np.diff(offsets))
        codes = names.indices.to_numpy()
        for code, name in enumerate(names.dictionary.to_pylist()):
            if asked(name):
                here = codes == code
                entered, column = np.zeros(len(maps), dtype=bool), np.zeros(len(maps))
                entered[owners[here]], column[owners[here]] = True, items[here]
                slices[name] = (entered, column)
        return cls(_whole(rows["post_id"]), slices)


def _table(protocol: ProtocolName, metrics: Mapping[str, _Block]) -> ScoreTable:
    first = next(iter(metrics.values()))
    if any(not block.post_ids.equals(first.post_ids) for block in metrics.values()):
        raise Mismatch(f"post_scores: the metrics of {protocol} are not of the same posts in the same order")
    slices = {}
    for name in in_order({name for block in metrics.values() for name in block.slices}):
        columns = {metric: block.slices[name][1] for metric, block in metrics.items() if name in block.slices}
        entered = next(block.slices[name][0] for block in metrics.values() if name in block.slices)
        slices[name] = SliceTable(entered, columns, metrics_of(protocol, columns))
    return ScoreTable(protocol, tuple(first.post_ids.to_pylist()), slices)


def _blocks_of(rows: pa.Table) -> Iterator[tuple[str, ProtocolName, str, pa.Table]]:
    """Rows of the same head, protocol and metric, which stand together."""
    encoded = [_whole(rows[name]).dictionary_encode() for name in ("head", "protocol", "metric")]
    codes = np.stack([column.indices.to_numpy() for column in encoded]) if len(rows) else np.zeros((3, 0), np.int32)
    starts = np.flatnonzero(np.concatenate([[True], np.any(codes[:, 1:] != codes[:, :-1], axis=0)]))
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True) if len(rows) else ():
        head, protocol, metric = (
            column.dictionary[int(code)].as_py() for column, code in zip(encoded, codes[:, start], strict=True)
        )
        assert protocol in get_args(ProtocolName)
        yield head, protocol, metric, rows.slice(start, end - start)


def _slices_by_column(selection: Selection) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for (protocol, metric), slices in selection.items():
        for column in columns_of(protocol, metric):
            found[protocol, column] = found.get((protocol, column), frozenset()) | set(slices)
    return found


def _whole(column: Any) -> Any:
    """A column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
