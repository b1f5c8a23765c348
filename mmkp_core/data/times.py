"""When was a post written? Times as sources give them, to UTC."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

TIMESTAMP = pa.timestamp("us", tz="UTC")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_TWITTER = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def times(values: Sequence[str | int | float | None]) -> tuple[pa.Array, list[int]]:
    """The times, and the places of those that are none (null in the array)."""
    if set(map(type, values)) <= {str, type(None)}:
        try:
            return pc.cast(pa.array(values, pa.string()), TIMESTAMP), []
        except pa.ArrowInvalid:  # no zone, another form, or no time: one by one
            pass
    found = [_time(value) if value is not None else None for value in values]
    bad = [i for i, (value, time) in enumerate(zip(values, found, strict=True)) if time is None and value is not None]
    return pa.array(found, TIMESTAMP), bad


def _time(value: str | int | float) -> datetime | None:
    try:
        if isinstance(value, str):
            if match := _TWITTER.fullmatch(value):  # Wed Oct 10 20:19:24 +0000 2018
                month, day, hour, minute, second, sign, ahead_h, ahead_m, year = match.groups()
                ahead = timedelta(hours=int(ahead_h), minutes=int(ahead_m)) * (1 if sign == "+" else -1)
                clock = int(year), _MONTHS.index(month) // 3 + 1, int(day), int(hour), int(minute), int(second)
                return datetime(*clock, tzinfo=UTC) - ahead
            moment = datetime.fromisoformat(value.strip())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        return _EPOCH + timedelta(seconds=value)
    except (ValueError, OverflowError):
        return None
