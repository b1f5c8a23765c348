"""Writes and reads files of predictions: lines of phrases, JSON lines, or Parquet.

    .txt      `phrase;phrase;...`, a line for each row of the input, best first, empty where a row was quarantined
    .jsonl    one object a line: post_id, phrases, scores
    .parquet  the same as columns

Lines of phrases have no ids: they belong to the rows by their order. The format escapes nothing, so a `;` or a line
break inside a phrase becomes a blank, and scores are lost.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mmkp_core.data.lines import decoded, numbered_lines
from mmkp_core.data.phrases import join_phrases, split_phrases
from mmkp_core.data.post import Prediction
from mmkp_core.data.quarantine import BadRow, RowFault
from mmkp_core.errors import Mismatch, WrongInput
from mmkp_core.tables.runs import PREDICTIONS_FILE

LONGEST_LINE = 1 << 20


def write_predictions(path: Path, predictions: Iterable[Prediction], rows: Sequence[str | None] = ()) -> None:
    """Write in the form that the name's ending says.

    `rows` are the post ids of the input's rows in its order, None for a row that was quarantined; lines of phrases
    follow it. Without it they follow the predictions.
    """
    match path.suffix:
        case ".jsonl":
            with path.open("wb") as file:
                for one in predictions:
                    file.write(orjson.dumps(_row(one), option=orjson.OPT_APPEND_NEWLINE))
        case ".parquet":
            table = pa.Table.from_pylist([_row(one) for one in predictions], schema=PREDICTIONS_FILE.schema)
            pq.write_table(table, path, compression="zstd")
        case _:
            with path.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in _lines(predictions, rows))


def read_predictions(path: Path, rows: Sequence[str]) -> list[Prediction]:
    """The predictions for the posts `rows`, in that order; each must have one, and there must be no others."""
    match path.suffix:
        case ".jsonl":
            found = [_from_line(path, number, line) for number, line in numbered_lines(path, LONGEST_LINE)]
            return _in_order(path, [one for one in found if one is not None], rows)
        case ".parquet":
            try:
                table = pq.read_table(path, schema=PREDICTIONS_FILE.schema).to_pylist()
            except (pa.ArrowInvalid, OSError) as error:
                raise WrongInput(f"{path}: no Parquet file of predictions: {error}") from None
            return _in_order(path, [_prediction(row) for row in table], rows)
    lines = [split_phrases(line) for line in prediction_lines(path)]
    if len(lines) != len(rows):
        raise Mismatch(
            f"{path}: {len(lines):,} lines for {len(rows):,} posts; lines of phrases need one for each post, "
            "empty where nothing was predicted"
        )
    return [Prediction(post_id, phrases) for post_id, phrases in zip(rows, lines, strict=True)]


def _row(one: Prediction) -> dict[str, Any]:
    return {"post_id": one.post_id, "phrases": list(one.phrases), "scores": [float(score) for score in one.scores]}


def _lines(predictions: Iterable[Prediction], rows: Sequence[str | None]) -> Iterable[str]:
    if not rows:
        return (join_phrases(one.phrases) for one in predictions)
    by_id = {one.post_id: join_phrases(one.phrases) for one in predictions}
    lost = [post_id for post_id in rows if post_id is not None and post_id not in by_id]
    if lost:
        raise Mismatch(f"no prediction for {len(lost):,} posts, the first {lost[0]!r}; predict for all of the input")
    return ("" if post_id is None else by_id[post_id] for post_id in rows)


def prediction_lines(path: Path) -> Iterator[str]:
    """The lines of a text file of phrases; what is no text is an error that names the place."""
    for number, line in numbered_lines(path, LONGEST_LINE):
        if isinstance(line, BadRow):
            raise WrongInput(f"{path}:{number}: {line.detail}")
        try:
            yield decoded(line)
        except RowFault as fault:
            raise WrongInput(f"{path}:{number}: {fault.detail}") from None


def _from_line(path: Path, number: int, line: bytes | BadRow) -> Prediction | None:
    if isinstance(line, BadRow):
        raise WrongInput(f"{path}:{number}: {line.detail}")
    if not line.strip():
        return None
    try:
        return _prediction(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise WrongInput(f"{path}:{number}: {error}") from None
    except (KeyError, TypeError, AttributeError):
        raise WrongInput(f"{path}:{number}: an object with post_id, phrases and scores expected") from None


def _prediction(row: Mapping[str, Any]) -> Prediction:
    phrases, scores = row["phrases"], row.get("scores") or []
    if type(phrases) is not list or not all(type(phrase) is str for phrase in phrases):
        raise TypeError
    return Prediction(str(row["post_id"]), tuple(phrases), tuple(map(float, scores)))


def _in_order(path: Path, found: Sequence[Prediction], rows: Sequence[str]) -> list[Prediction]:
    by_id = {one.post_id: one for one in found}
    missing = [post_id for post_id in rows if post_id not in by_id]
    extra = sorted(by_id.keys() - set(rows))
    if len(by_id) < len(found):
        raise Mismatch(f"{path}: {len(found) - len(by_id):,} posts have two predictions; leave one of each")
    if missing or extra:
        raise Mismatch(
            f"{path}: {len(missing):,} posts without a prediction{_first(missing)}, "
            f"{len(extra):,} predictions for other posts{_first(extra)}; predict for the very posts that are scored"
        )
    return [by_id[post_id] for post_id in rows]


def _first(ids: Sequence[str]) -> str:
    return f" ({', '.join(ids[:3])}{' ...' if len(ids) > 3 else ''})" if ids else ""
