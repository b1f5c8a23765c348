from typing import Any

import pytest

from mmkp_core.teacher.failures import failure_of_status


def error(code: str, message: str = "m") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "body", "step", "reason"),
    [
        (429, error("rate_limit_exceeded"), "wait", "rate_limited"),
        (429, error("insufficient_quota"), "stop", "bad_request"),
        (402, "Insufficient Balance", "stop", "bad_request"),
        (401, error("invalid_api_key"), "stop", "bad_request"),
        (403, error(""), "stop", "bad_request"),
        (404, error("model_not_found"), "stop", "bad_request"),
        (400, error("model_not_found"), "stop", "bad_request"),
        (307, "", "stop", "bad_request"),
        (400, error("content_policy_violation"), "reject", "content_filter"),
        (400, error("context_length_exceeded"), "reject", "too_large"),
        (413, "too big", "reject", "too_large"),
        (422, {"detail": [{"msg": "unknown field"}]}, "reject", "bad_request"),
        (500, None, "again", "server_error"),
        (529, error("overloaded_error"), "again", "server_error"),
        (408, "", "again", "server_error"),
        (503, error(""), "again", "server_error"),
        (500, {"error": "a text"}, "again", "server_error"),
    ],
)
def test_statuses_mean_what_can_be_done(status: int, body: Any, step: str, reason: str) -> None:
    failure = failure_of_status(status, body, {})
    assert (failure.step, failure.reason) == (step, reason)
    assert str(status) in failure.detail


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "300"}, 300.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_pause_that_is_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    assert failure_of_status(429, "", headers).pause == seconds


def test_a_busy_server_that_names_a_pause_holds_back_everyone() -> None:
    assert failure_of_status(503, "", {"retry-after": "3"}).step == "wait"
