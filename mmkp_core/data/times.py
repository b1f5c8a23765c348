"""Parses times as sources give them, to UTC."""

import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

TIMESTAMP = pa.timestamp("us", tz="UTC")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_TWITTER = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def times(values: pa.Array) -> tuple[pa.Array, list[int]]:
    """The times in texts, and the places of texts that hold none (null in the array)."""
    try:
        return pc.cast(values, TIMESTAMP), []
    except pa.ArrowInvalid:  # no zone, another form, or no time: one by one
        texts = values.to_pylist()
        found = [None if text is None else _time(text) for text in texts]
        bad = [i for i, text in enumerate(texts) if text is not None and found[i] is None]
        return pa.array(found, TIMESTAMP), bad


def _time(text: str) -> datetime | None:
    try:
        if match := _TWITTER.fullmatch(text):  # Wed Oct 10 20:19:24 +0000 2018
            month, day, hour, minute, second, sign, ahead_h, ahead_m, year = match.groups()
            ahead = timedelta(hours=int(ahead_h), minutes=int(ahead_m)) * (1 if sign == "+" else -1)
            number = _MONTHS.index(month) // 3 + 1
            clock = datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
            return clock - ahead
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
