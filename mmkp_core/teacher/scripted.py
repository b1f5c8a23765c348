"""Runs a teacher without a model: an HTTP server that speaks chat completions, with faults on demand.

    python -m mmkp_core.teacher.scripted --facts demo/ --delay 0.2 --faults hang=0.01,server_error=0.02

It answers as the model `scripted`, counts what it served under /stats, and fails by share (drawn from the request's
bytes and how often they came, so a run can be repeated) or by a script of request numbers.
"""

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from mmkp_core.seeding import python_generator
from mmkp_core.teacher.scripted_answers import Facts, answer_to, facts_in, obedient, text_of

MODEL = "scripted"

Fault = Literal[
    "rate_limited",  # 429 with Retry-After
    "rate_limited_bare",  # 429 without
    "server_error",
    "hang",  # no answer ever
    "cut",  # the connection breaks in the middle of the body
    "endless",  # a body without end
    "drip",  # a body that comes a byte at a time
    "packed",  # small on the wire, large unpacked
    "negative_usage",
    "absurd_usage",
    "cut_json",  # the message is half a JSON object
    "wrong_schema",
    "not_json",
    "empty",
    "refusal",
    "length",
    "content_filter",
    "bad_request",
    "quota",
    "forbidden",
]


@dataclass(frozen=True, kw_only=True)
class Script:
    """How the server behaves."""

    facts: Facts = field(default_factory=Facts)
    delay: float = 0.0
    """Seconds before each answer."""
    wrong: float = 0.0
    """Share of wrong answers where no keyphrases are shown."""
    shares: Mapping[Fault, float] = field(default_factory=dict)
    by_number: Mapping[int, Fault] = field(default_factory=dict)
    """Request number, from 0, to what goes wrong with it."""
    retry_after: str = "0.05"
    """What a `rate_limited` answer says."""
    key: str = ""
    """The only key that is taken; empty takes any."""
    seed: int = 0
    obeys: str = ""
    """A phrase that it names wherever a post's words hold it, as a teacher would that obeys what a post orders."""


@dataclass
class Stats:
    """What came in and went out so far."""

    requests: int = 0
    served: Counter[str] = field(default_factory=Counter)
    """Completions by question: its hash and the number of messages."""
    tokens: int = 0
    """Of all completions served."""
    faults: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    def to_json(self) -> bytes:
        return orjson.dumps({**vars(self), "served": dict(self.served), "faults": dict(self.faults)})


class ScriptedServer:
    """The server, once it listens."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.stats = Stats()
        self.url = ""
        self._seen: Counter[bytes] = Counter()

    async def listen(self, port: int = 0) -> asyncio.Server:
        server = await asyncio.start_server(self._connection, "127.0.0.1", port, limit=1 << 20, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return server

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split(" ", 2)
                headers = {
                    name.strip().lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.stats.in_flight += 1
                self.stats.most_in_flight = max(self.stats.most_in_flight, self.stats.in_flight)
                try:
                    answer = await self._answer(method, path, headers, body, reader)
                finally:
                    self.stats.in_flight -= 1
                writer.write(answer.data)
                await writer.drain()
                while answer.on:
                    writer.write(answer.on)
                    await writer.drain()
                    await asyncio.sleep(answer.pause)
                if not answer.whole:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            return  # the client hung up
        except asyncio.CancelledError:
            return  # the server closes
        finally:
            writer.close()

    async def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, reader: asyncio.StreamReader
    ) -> "_Answer":
        if path == "/stats":
            return _response(200, self.stats.to_json())
        if path == "/v1/models":
            return _response(200, orjson.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}))
        if method != "POST" or path != "/v1/chat/completions":
            return _error(404, "not_found", f"no such path: {path}")
        number, self.stats.requests = self.stats.requests, self.stats.requests + 1
        if self.script.key and headers.get("authorization") != f"Bearer {self.script.key}":
            return _error(401, "invalid_api_key", f"Incorrect API key: {headers.get('authorization', '')}")
        request = orjson.loads(body)
        if request.get("model") != MODEL:
            return _error(404, "model_not_found", f"The model {request.get('model')!r} does not exist")
        fault = self._fault(number, body)
        if fault:
            self.stats.faults[fault] += 1
        await asyncio.sleep(self.script.delay)
        if failure := await self._failure(fault, reader):
            return failure
        message, reason = self._message(request, fault)
        prompt = sum(len(text_of(message)) for message in request["messages"]) // 4 + len(body) // 2000
        completion = len(message.get("content") or "") // 4 + 1
        self.stats.served[f"{_name(request)}/{len(request['messages'])}"] += 1
        self.stats.tokens += prompt + completion
        counts = {"negative_usage": (-prompt, -completion), "absurd_usage": (10**15, 10**15)}
        prompt, completion = counts.get(fault or "", (prompt, completion))
        document = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 0,
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": completion,
                "total_tokens": prompt + completion,
            },
        }
        answer = _response(200, orjson.dumps(document), f"x-request-id: req-{number}\r\n")
        return _Answer(answer.data[:-100], whole=False) if fault == "cut" else answer

    async def _failure(self, fault: Fault | None, reader: asyncio.StreamReader) -> "_Answer | None":
        """What comes in place of a completion; None where one is served."""
        match fault:
            case "rate_limited":
                return _error(429, "rate_limit_exceeded", "slow down", f"retry-after: {self.script.retry_after}\r\n")
            case "rate_limited_bare":
                return _error(429, "rate_limit_exceeded", "slow down")
            case "server_error":
                return _error(500, "server_error", "out of luck")
            case "bad_request":
                return _error(400, "invalid_request_error", "a field is not understood")
            case "quota":
                return _error(429, "insufficient_quota", "You exceeded your current quota")
            case "forbidden":
                return _error(403, "forbidden", "not with this key")
            case "hang":
                await reader.read(1)  # until the client has had enough
                return _Answer(b"", whole=False)
            case "endless":
                return _Answer(_head(200, 1 << 40), whole=False, on=b" " * 65_536)
            case "drip":
                return _Answer(_head(200, 1 << 40), whole=False, on=b" ", pause=0.02)
            case "packed":
                packed = gzip.compress(b" " * (64 << 20))
                return _Answer(_head(200, len(packed), "content-encoding: gzip\r\n") + packed)
        return None

    def _message(self, request: Mapping[str, Any], fault: Fault | None) -> tuple[dict[str, Any], str]:
        answer = answer_to(request["messages"], self.script.facts, self.script.wrong, self.script.seed)
        if self.script.obeys:
            answer = obedient(answer, request["messages"], self.script.obeys)
        text = orjson.dumps(answer).decode()
        match fault:
            case "refusal":
                return {"role": "assistant", "content": None, "refusal": "I cannot help with that."}, "stop"
            case "length":
                return {"role": "assistant", "content": text[: len(text) // 2]}, "length"
            case "content_filter":
                return {"role": "assistant", "content": ""}, "content_filter"
            case "cut_json":
                return {"role": "assistant", "content": text[: len(text) // 2]}, "stop"
            case "wrong_schema":
                return {"role": "assistant", "content": '{"reasoning": ["a", "list"], "tags": "a text"}'}, "stop"
            case "not_json":
                return {"role": "assistant", "content": "The keyphrases are these, I think."}, "stop"
            case "empty":
                return {"role": "assistant", "content": ""}, "stop"
            case _:
                return {"role": "assistant", "content": text}, "stop"

    def _fault(self, number: int, body: bytes) -> Fault | None:
        if number in self.script.by_number:
            return self.script.by_number[number]
        if not self.script.shares:
            return None
        digest = hashlib.sha256(body).digest()[:16]
        self._seen[digest] += 1
        draw = python_generator(self.script.seed, "fault", digest.hex(), self._seen[digest]).random()
        for fault, share in self.script.shares.items():
            draw -= share
            if draw < 0:
                return fault
        return None


@contextlib.contextmanager
def serving(script: Script) -> Iterator[ScriptedServer]:
    """The server in a thread of this process, on a free port of loopback."""
    server = ScriptedServer(script)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def serve() -> None:
        listening = await server.listen()
        ready.set()
        await stopped.wait()
        listening.close()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:  # at its end it cancels what hangs
            runner.run(serve())

    thread = threading.Thread(target=run, name="scripted teacher", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


def shares_of(text: str) -> dict[Fault, float]:
    """`hang=0.01,server_error=0.02`"""
    known: Mapping[str, Fault] = {name: name for name in get_args(Fault)}
    shares: dict[Fault, float] = {}
    for piece in filter(None, text.split(",")):
        name, _, share = piece.partition("=")
        if name not in known:
            raise argparse.ArgumentTypeError(f"no fault is called {name!r}; known: {', '.join(known)}")
        shares[known[name]] = float(share)
    return shares


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; the URL is the first line on standard output."""
    parser = argparse.ArgumentParser(prog="python -m mmkp_core.teacher.scripted", description=__doc__)
    parser.add_argument(
        "--facts", type=Path, help="folder of a written demo; without it answers come from the question"
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--wrong", type=float, default=0.0, help="share of wrong answers where no keyphrases are shown")
    parser.add_argument("--faults", type=shares_of, default={}, help="such as hang=0.01,server_error=0.02")
    parser.add_argument("--retry-after", default="0.05", help="what a 429 says")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the process that holds the pipe")
    given = parser.parse_args(arguments)
    script = Script(
        facts=facts_in(given.facts) if given.facts else Facts(),
        delay=given.delay,
        wrong=given.wrong,
        shares=given.faults,
        retry_after=given.retry_after,
        seed=given.seed,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(script, given.port, sys.stdin.read if given.until_stdin_closes else None))


async def _serve(script: Script, port: int, until: Callable[[], object] | None) -> None:
    server = ScriptedServer(script)
    listening = await server.listen(port)
    print(server.url, flush=True)
    await (asyncio.to_thread(until) if until else listening.serve_forever())


def _name(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(text_of(request["messages"][1]).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Answer:
    data: bytes
    whole: bool = True
    """False: the connection breaks after it."""
    on: bytes = b""
    """What follows it over and over, until the client hangs up."""
    pause: float = 0.0
    """Seconds between two of those."""


def _error(status: int, code: str, message: str, headers: str = "") -> _Answer:
    return _response(status, orjson.dumps({"error": {"message": message, "type": code, "code": code}}), headers)


def _response(status: int, body: bytes, headers: str = "") -> _Answer:
    return _Answer(_head(status, len(body), headers) + body)


def _head(status: int, length: int, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    return head.encode()


if __name__ == "__main__":
    main()
