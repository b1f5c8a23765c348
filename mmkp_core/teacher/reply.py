"""A model's reply as it is journalled, and the JSON object that should be in it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Rejection = Literal[
    "length",  # cut off at the longest reply
    "content_filter",
    "refusal",
    "empty",
    "not_json",
    "wrong_schema",
    "wrong_phrases",  # a keyphrase missing or one too many; in `solve` an F1 below the bound
    "not_reasoned",  # the reasoning does not lead to every phrase
    "gold_leaked",  # the reasoning says that the phrases were given
    "prompt_leaked",  # the reply repeats marks or words of the instructions
    "planted",  # a phrase that the post ordered the model to say
    "no_keyphrases",  # nothing to judge the reply by; no request is sent
    "bad_request",  # the endpoint refuses this request
    "too_large",  # the endpoint finds this request too long
]
"""Final: the same question would end the same way."""
Failure = Literal["rate_limited", "server_error", "timeout", "connection", "image_missing", "image_unreadable"]
"""Not the question's fault, or not yet: ask again another day."""

Status = Literal["accepted", "rejected", "failed"]

REASONS: tuple[str, ...] = (*get_args(Rejection), *get_args(Failure))


def status_of(reason: Rejection | Failure | None) -> Status:
    """What a reason means for its row."""
    if reason is None:
        return "accepted"
    return "failed" if reason in get_args(Failure) else "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A paid answer to one request."""

    request: str
    """Hash of the request."""
    text: str
    trace: str = ""
    """The reasoning trace that some servers send beside the answer."""
    refusal: str = ""
    finish_reason: str = ""
    model: str = ""
    """That the server says answered."""
    prompt_tokens: int
    completion_tokens: int
    counted: bool = True
    """False where the server counted no tokens and these are estimates."""
    attempts: int = 1
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a reply cannot be used."""

    reason: Rejection
    detail: str = ""
    repairable: bool = False
    """Whether a second request that names the fault can help."""


def json_of(reply: Reply) -> Mapping[str, Any] | Flaw:
    """The JSON object of a reply, wherever in the text it stands."""
    if reply.finish_reason == "length":
        return Flaw("length", f"cut off after {reply.completion_tokens} tokens")
    if reply.finish_reason == "content_filter":
        return Flaw("content_filter")
    if reply.refusal:
        return Flaw("refusal", reply.refusal[:200])
    if not reply.text.strip():
        return Flaw("empty", repairable=True)
    decoder = json.JSONDecoder()
    at = reply.text.find("{")
    while at >= 0:  # "Sure! ```json {...}```" and alike
        try:
            value, _ = decoder.raw_decode(reply.text, at)
        except (ValueError, RecursionError):
            at = reply.text.find("{", at + 1) if at < 200 else -1
            continue
        if isinstance(value, dict):
            return value
    return Flaw("not_json", reply.text[:80], repairable=True)


FACTOR = 20
FREE = 20_000
"""Token counts that are further from what was asked than this factor, and these tokens, are not believed."""


def parse_completion(
    data: bytes, request: str, estimated: int, most: int, attempts: int, request_id: str
) -> Reply | None:
    """The reply in the body of a chat completion; None where the body is none.

    `estimated` tokens were sent and at most `most` asked for; counts that cannot belong to that are estimated instead.
    """
    try:
        document = json.loads(data.decode("utf-8", "replace"))
        choice = document["choices"][0]
        message = choice["message"]
        text = _text(message.get("content"))
        usage = document.get("usage") or {}
        counts: list[Any] = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    trace = _text(message.get("reasoning_content") or message.get("reasoning"))
    counted = _are_credible(counts, (estimated, most))
    prompt, completion = counts if counted else (estimated, (len(text) + len(trace)) // 3 + 1)
    return Reply(
        request=request,
        text=text,
        trace=trace,
        refusal=_text(message.get("refusal")),
        finish_reason=_text(choice.get("finish_reason")),
        model=_text(document.get("model")),
        prompt_tokens=prompt,
        completion_tokens=completion,
        counted=counted,
        attempts=attempts,
        request_id=request_id,
    )


def _are_credible(counts: Sequence[Any], expected: Sequence[int]) -> bool:
    return all(
        type(count) is int and 0 <= count <= FACTOR * about + FREE
        for count, about in zip(counts, expected, strict=True)
    )


def _text(value: Any) -> str:
    """A text without lone surrogates, which no file takes; some servers send content as a list of parts."""
    if isinstance(value, list):
        value = "".join(part.get("text") or "" for part in value if isinstance(part, dict))
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
