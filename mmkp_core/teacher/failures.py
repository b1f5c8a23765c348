"""Says what follows from an attempt without a reply: another try, a pause for all, a rejected question, or a stop.

    429                          a pause for all requests, as long as the endpoint says; not counted as an attempt
    408, 409, 5xx, no answer     another try of this request after a pause that grows
    400, 413, 422                this request is refused; where nothing has been answered yet, several such are a stop
    401, 403, 404, quota, model  a stop at once: no further try can succeed

Kept apart from the client's exceptions, which hold the request and with it the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from mmkp_core.teacher.reply import Failure, Rejection

_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance")
_UNKNOWN_MODEL = ("model_not_found", "invalid_model", "model_not_available")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An attempt that brought no reply, and what follows."""

    step: Literal["again", "wait", "reject", "stop"]
    reason: Failure | Rejection
    detail: str
    """In the endpoint's words; the key is taken out before it is shown."""
    pause: float | None = None
    """Seconds the endpoint asks to wait."""
    perhaps_charged: bool = False
    """Whether the endpoint may have answered, and charged, without the answer coming in."""
    attempts: int = 0
    """How often the request was sent before this was its end."""


def failure_of_status(status: int, body: Any, headers: Mapping[str, str]) -> Unanswered:
    """What an HTTP status other than 2xx means; `body` is the decoded JSON, or the raw text."""
    error = body.get("error", body) if isinstance(body, Mapping) else {}
    fields = error if isinstance(error, Mapping) else {"message": error}
    codes = {str(fields.get("code") or ""), str(fields.get("type") or "")}
    message = str(fields.get("message") or (body if isinstance(body, str) else "") or "no message")
    detail = f"HTTP {status}: {' '.join(message.split())[:300]}"
    if codes & set(_QUOTA) or status == 402:
        return Unanswered(
            "stop", "bad_request", f"the endpoint says that nothing is left to spend ({detail}); top it up"
        )
    if 300 <= status < 400:  # not followed: the key would go along
        return Unanswered("stop", "bad_request", f"the endpoint sends requests elsewhere ({detail}); give that address")
    if status == 401:
        return Unanswered("stop", "bad_request", f"the endpoint does not take the key ({detail}); give a valid one")
    if status == 403:
        return Unanswered("stop", "bad_request", f"the key may not use this model or endpoint ({detail})")
    if codes & set(_UNKNOWN_MODEL) or status == 404:
        return Unanswered("stop", "bad_request", f"the endpoint does not know the model or the path ({detail})")
    if status == 429 or (status == 503 and _pause(headers) is not None):
        return Unanswered("wait", "rate_limited", detail, _pause(headers))
    if status in (408, 409) or status >= 500:
        return Unanswered("again", "server_error", detail, _pause(headers))
    if any("content_filter" in code or "content_policy" in code for code in codes):
        return Unanswered("reject", "content_filter", detail)
    if status == 413 or "context_length_exceeded" in codes:
        return Unanswered("reject", "too_large", detail)
    return Unanswered("reject", "bad_request", detail)


def _pause(headers: Mapping[str, str]) -> float | None:
    """Seconds until the endpoint takes requests again; a date is read against the endpoint's own clock."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < 1e9:
            return seconds
    try:
        until, now = (parsedate_to_datetime(headers.get(name, "")) for name in ("retry-after", "date"))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
