"""Every fault that an endpoint can show, against a real server on loopback."""

import io
import logging
import resource
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmkp_core.data.post import Example
from mmkp_core.errors import MmkpError, Transient, Unavailable
from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.journal import Journal, read_replies
from mmkp_core.teacher.rationales import teach
from mmkp_core.teacher.session import Session
from mmkp_core.teacher.spec import TeacherLimits, TeacherSpec

Posts = Callable[..., list[Example]]


def by_number(*faults: str | None) -> dict[str, Any]:
    return {"by_number": {number: fault for number, fault in enumerate(faults) if fault}}


@pytest.mark.fault(22)
@pytest.mark.parametrize("fault", ["rate_limited", "rate_limited_bare", "server_error", "hang", "cut"])
def test_what_passes_is_tried_again(desk: Any, posts: Posts, fault: str) -> None:
    server = desk.serve(**by_number(fault))
    made = desk.teach(server, posts(1), timeout=0.1 if fault == "hang" else 5.0)
    assert made.counts == {"accepted": 1}
    assert made.rows["attempts"].to_pylist() == [2]
    assert server.stats.requests == 2


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("refusal", "refusal"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("bad_request", "bad_request"),
    ],
)
def test_what_cannot_be_mended_is_rejected_at_once(desk: Any, posts: Posts, fault: str, reason: str) -> None:
    server = desk.serve(**by_number(None, fault))
    made = desk.teach(server, posts(2), concurrency=1)
    assert made.counts == {"accepted": 1, f"rejected: {reason}": 1}
    assert server.stats.requests == 2
    assert made.rows["rationale"].null_count == 1


@pytest.mark.fault(22)
@pytest.mark.parametrize("fault", ["endless", "packed"])
def test_a_reply_that_is_too_long_is_not_read_to_its_end(desk: Any, posts: Posts, fault: str) -> None:
    server = desk.serve(**by_number(None, fault))
    made = desk.teach(server, posts(2), concurrency=1)
    assert made.counts == {"accepted": 1, "rejected: length": 1}
    assert server.stats.requests == 2


@pytest.mark.fault(22)
def test_a_reply_that_drips_ends_with_the_time_for_all_of_it(desk: Any, posts: Posts) -> None:
    """Each byte comes in time."""
    server = desk.serve(**by_number("drip"))
    made = desk.teach(server, posts(1), timeout=0.3)
    assert made.counts == {"accepted": 1}
    assert made.rows["attempts"].to_pylist() == [2]


@pytest.mark.fault(22)
@pytest.mark.parametrize("fault", ["negative_usage", "absurd_usage"])
def test_token_counts_that_cannot_be_are_estimated(desk: Any, posts: Posts, fault: str) -> None:
    """Believed, they would free the budget from its bound, or end it at once."""
    server = desk.serve(**by_number(fault))
    made = desk.teach(server, posts(2), concurrency=1, budget_tokens=100_000)
    assert made.counts == {"accepted": 2}
    assert sorted(made.rows["tokens_counted"].to_pylist()) == [False, True]
    assert all(0 < count < 5_000 for count in made.rows["prompt_tokens"].to_pylist())


@pytest.mark.fault(24)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [("cut_json", "not_json"), ("not_json", "not_json"), ("wrong_schema", "wrong_schema"), ("empty", "empty")],
)
def test_an_unreadable_reply_gets_one_repair_turn(desk: Any, posts: Posts, fault: str, reason: str) -> None:
    mended = desk.serve(**by_number(fault))
    assert desk.teach(mended, posts(1)).counts == {"accepted": 1}
    assert mended.stats.requests == 2

    desk.journal.unlink()
    hopeless = desk.serve(**by_number(fault, fault, fault))
    made = desk.teach(hopeless, posts(1))
    assert made.counts == {f"rejected: {reason}": 1}
    assert made.rows["turns"].to_pylist() == [2]
    assert hopeless.stats.requests == 2


@pytest.mark.fault(23)
@pytest.mark.parametrize(
    ("script", "spec", "words"),
    [
        ({"key": "the-right-one"}, TeacherSpec(), "does not take the key"),
        ({"by_number": dict.fromkeys(range(99), "quota")}, TeacherSpec(), "nothing is left to spend"),
        ({"by_number": dict.fromkeys(range(99), "forbidden")}, TeacherSpec(), "may not use"),
        ({}, TeacherSpec(model="gpt-0"), "does not know the model"),
    ],
)
def test_what_no_retry_mends_stops_the_run(
    desk: Any, posts: Posts, script: dict[str, Any], spec: TeacherSpec, words: str
) -> None:
    server = desk.serve(**script)
    with pytest.raises(Unavailable, match=words):
        desk.teach(server, posts(50), spec, concurrency=4)
    assert server.stats.requests <= 4


@pytest.mark.fault(23)
def test_replies_from_before_the_stop_are_kept(desk: Any, posts: Posts) -> None:
    server = desk.serve(by_number=dict.fromkeys(range(3, 99), "quota"))
    with pytest.raises(Unavailable):
        desk.teach(server, posts(10), concurrency=1)
    assert len(list(read_replies(desk.journal))) == 3


def test_an_endpoint_that_refuses_everything_stops_the_run(desk: Any, posts: Posts) -> None:
    server = desk.serve(by_number=dict.fromkeys(range(99), "bad_request"))
    with pytest.raises(Unavailable, match="json_mode"):
        desk.teach(server, posts(50), concurrency=2)
    assert server.stats.requests <= 7


@pytest.mark.fault(22)
def test_an_endpoint_that_is_gone_stops_the_run(desk: Any, posts: Posts, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with Journal(tmp_path / "j") as journal:
            session = Session(endpoint, TeacherLimits(concurrency=2, attempts=2), journal, clock=desk.clock)
            with pytest.raises(Transient, match="answers nothing any more"):
                teach(posts(100), lambda key: None, TeacherSpec(), session)


@pytest.mark.fault(22)
def test_a_question_fails_when_its_attempts_are_used_up(desk: Any, posts: Posts) -> None:
    server = desk.serve(by_number=dict.fromkeys(range(3), "server_error"))
    made = desk.teach(server, posts(2), concurrency=1, attempts=3)
    assert made.counts == {"accepted": 1, "failed: server_error": 1}
    again = desk.teach(server, posts(2), concurrency=1)
    assert again.counts == {"accepted": 2}


def test_a_pause_longer_than_the_packages_own_bound_is_kept(desk: Any, posts: Posts) -> None:
    server = desk.serve(retry_after="150", **by_number("rate_limited"))
    assert desk.teach(server, posts(5), concurrency=1).counts == {"accepted": 5}
    assert desk.clock.slept == [150.0]


def test_a_pause_beyond_all_patience_stops_the_run(desk: Any, posts: Posts) -> None:
    server = desk.serve(retry_after="5000", **by_number("rate_limited"))
    with pytest.raises(Transient, match="left alone for 5000 s"):
        desk.teach(server, posts(5), concurrency=1)
    assert server.stats.requests == 1


@pytest.mark.fault(22)
def test_nobody_asks_during_a_pause(desk: Any, posts: Posts) -> None:
    """The first request is told to wait; of the seven others none is sent before the pause is over."""
    server = desk.serve(retry_after="60", **by_number("rate_limited"))
    made = desk.teach(server, posts(8), concurrency=1)
    assert made.counts == {"accepted": 8}
    assert desk.clock.now() == 1060.0
    assert server.stats.requests == 9


def test_nothing_is_paid_twice(desk: Any, posts: Posts) -> None:
    server = desk.serve()
    first = desk.teach(server, posts(20))
    second = desk.teach(server, posts(20))
    assert server.stats.requests == 20
    assert second.rows.drop_columns("attempts").equals(first.rows.drop_columns("attempts"))
    assert desk.session.account.bought == 0
    assert desk.session.account.remembered == 20


def test_the_same_question_at_the_same_time_is_paid_once(desk: Any, posts: Posts) -> None:
    server = desk.serve(delay=0.02)
    twins = [Example(post=post.post) for post in posts(1) for _ in range(6)]
    assert desk.teach(server, twins, concurrency=6).rows.num_rows == 6
    assert server.stats.requests == 1


def test_the_budget_is_passed_by_no_more_than_what_is_in_flight(desk: Any, posts: Posts) -> None:
    server = desk.serve()
    desk.teach(server, posts(1))
    each = desk.session.account.tokens
    made = desk.teach(server, posts(100), concurrency=4, budget_tokens=10 * each)
    account = desk.session.account
    assert 10 * each <= account.tokens <= 14.5 * each  # texts differ by a letter or two
    assert made.rows.num_rows + account.unasked == 100
    assert server.stats.tokens == account.tokens


def test_a_spent_budget_buys_nothing_more_and_a_higher_one_goes_on(desk: Any, posts: Posts) -> None:
    server = desk.serve()
    desk.teach(server, posts(5))
    paid = desk.session.account.tokens
    still = desk.teach(server, posts(30), budget_tokens=paid)
    assert (still.rows.num_rows, desk.session.account.unasked, server.stats.requests) == (5, 25, 5)
    assert desk.teach(server, posts(30)).rows.num_rows == 30
    assert server.stats.requests == 30


def test_the_budget_may_be_money(desk: Any, posts: Posts) -> None:
    server = desk.serve()
    made = desk.teach(server, posts(30), concurrency=1, price_prompt=2.0, price_reply=8.0, budget_cost=0.005)
    account = desk.session.account
    assert account.cost == pytest.approx((account.prompt_tokens * 2 + account.completion_tokens * 8) / 1e6)
    assert 0.005 <= account.cost < 0.005 * 1.2
    assert sum(made.rows["cost"].to_pylist()) == pytest.approx(account.cost)


def test_no_more_are_in_flight_than_asked_for(desk: Any, posts: Posts) -> None:
    server = desk.serve(delay=0.01)
    desk.teach(server, posts(40), concurrency=7)
    assert server.stats.most_in_flight == 7


def test_rates_are_kept(desk: Any, posts: Posts) -> None:
    """At 60 a minute one leaves at once and the ten others a second apart."""
    server = desk.serve()
    desk.teach(server, posts(11), concurrency=4, requests_per_minute=60)
    assert desk.clock.now() == pytest.approx(1010.0)


def test_pictures_are_sent_and_lost_ones_said_so(desk: Any, posts: Posts) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1200, 900), "red").save(out, "PNG")
    stored = {"a" * 64: out.getvalue(), "b" * 64: b"<html>not here</html>"}
    server = desk.serve()
    examples = [
        *posts(1, image="a" * 64),
        *(Example(post=post.post) for post in posts(1, image="b" * 64)),
        *(Example(post=post.post) for post in posts(1, image="c" * 64)),
    ]
    made = desk.teach(server, examples, images=stored.get)
    assert made.counts == {"accepted": 1, "failed: image_missing": 1, "failed: image_unreadable": 1}
    assert server.stats.requests == 1


@pytest.mark.fault(14)
def test_a_full_disk_stops_the_run(desk: Any, posts: Posts) -> None:
    """A bound on file sizes stands in for the disk; the next run sets the half line aside and goes on."""
    server = desk.serve()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(MmkpError, match="paid replies cannot be kept"):
            desk.teach(server, posts(50), concurrency=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept = len(list(read_replies(desk.journal)))
    assert 0 < kept < server.stats.requests <= kept + 4
    assert desk.teach(server, posts(50)).counts == {"accepted": 50}


def test_a_caller_who_has_enough_may_leave(desk: Any, posts: Posts, tmp_path: Path) -> None:
    from mmkp_core.teacher.rationales import rationale_rows

    server = desk.serve(delay=0.01)
    with Journal(tmp_path / "j") as journal:
        session = Session(Endpoint(server.url), TeacherLimits(concurrency=2), journal)
        rows = rationale_rows(posts(200), lambda key: None, TeacherSpec(), session)
        next(rows)
        rows.close()
    assert server.stats.requests < 20


def test_a_defect_in_reading_comes_out_as_itself(desk: Any, posts: Posts) -> None:
    def gone(key: str) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        desk.teach(desk.serve(), posts(3, image="a" * 64), images=gone)


@pytest.mark.fault(29)
@pytest.mark.parametrize("script", [{"key": "another"}, {}, {"by_number": dict.fromkeys(range(99), "server_error")}])
def test_the_key_is_nowhere(
    desk: Any, posts: Posts, script: dict[str, Any], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The server repeats the key in its message, as some do; nothing of ours may."""
    marker = "sk-marker-7f3a9"
    caplog.set_level(logging.DEBUG)
    server = desk.serve(**script)
    outcome: Any = None
    try:
        outcome = desk.teach(server, posts(20), key=marker, attempts=2)
        said = repr(outcome) + str(outcome.rows.to_pylist())
    except MmkpError as error:
        outcome = error
        said = "".join(traceback.format_exception(error)) + repr(vars(error))
    said += caplog.text + repr(desk.session) + repr(desk.session.endpoint) + repr(desk.session.account)
    for path in tmp_path.rglob("*"):
        said += path.read_text()
    assert marker not in said
    assert "Incorrect API key: Bearer [key]" in said or "key" not in script
    assert isinstance(outcome, MmkpError) == bool(script)
    assert getattr(outcome, "__cause__", None) is None
    assert getattr(outcome, "__context__", None) is None  # the client's own errors hold the request's headers
    assert len(caplog.records) > 20
