"""Sends one HTTP request to the endpoint: what comes back is a reply or a failure, never an exception.

Exceptions of the client hold the request, and with it the key; they end here.

Workers share several small connection pools: the transport walks its whole list of connections at every request. With
256 in flight a request costs 2.1 to 2.9 CPU-ms over pools of 16 and 3.9 to 4.0 over one of 256, and the rate is up to
twice as high.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx2
import openai

from mmkp_core.teacher.endpoint import Endpoint
from mmkp_core.teacher.failures import Unanswered, failure_of_status
from mmkp_core.teacher.reply import Reply, parse_completion
from mmkp_core.teacher.request import ChatRequest

CONNECTIONS_PER_POOL = 16
MOST_BYTES = 1 << 20
"""Of a reply's body; the longest reply that can be asked for, 100,000 tokens, is shorter in any spelling of JSON."""


class TooLong(httpx2.ReadError):
    """A body that goes on beyond MOST_BYTES; the rest of it is not read."""


class Bounded(httpx2.AsyncByteStream):
    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._body:
            seen += len(piece)
            if seen > MOST_BYTES:
                raise TooLong(f"a reply of more than {MOST_BYTES:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._body.aclose()


async def bound(response: httpx2.Response) -> None:
    """Have no more read of a body than a reply can be; a packed body would count before it is unpacked."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TooLong("a packed reply, which was not asked for")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = Bounded(response.stream)


async def open_clients(
    endpoint: Endpoint, connections: int, timeout: float, stack: AsyncExitStack
) -> list[openai.AsyncOpenAI]:
    """Clients that together hold so many connections, closed with the stack."""
    certificates = httpx2.create_ssl_context()  # read once: 20 ms each
    limits = httpx2.Limits(max_connections=CONNECTIONS_PER_POOL, max_keepalive_connections=CONNECTIONS_PER_POOL)
    clients = []
    for _ in range(-(-connections // CONNECTIONS_PER_POOL)):
        transport = httpx2.AsyncClient(
            verify=certificates,
            limits=limits,
            timeout=httpx2.Timeout(timeout),
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [bound]},
            trust_env=not endpoint.is_local,  # a proxy cannot reach this machine's own server
        )
        client = openai.AsyncOpenAI(
            api_key=endpoint.key.reveal(),
            base_url=endpoint.base_url,
            max_retries=0,  # retries are the workers': a pause has to hold back all of them
            timeout=httpx2.Timeout(timeout),
            http_client=transport,
        )
        client.organization = client.project = None  # it takes them from the environment
        clients.append(await stack.enter_async_context(client))
    return clients


async def attempt(
    client: openai.AsyncOpenAI, endpoint: Endpoint, request: ChatRequest, body: bytes, timeout: float, number: int
) -> Reply | Unanswered:
    """Send `body` once; `number` counts the tries of this request."""
    try:
        async with asyncio.timeout(timeout):  # the transport's own runs anew with every byte
            response = await client.post("/chat/completions", cast_to=httpx2.Response, content=body)
    except (TimeoutError, openai.APITimeoutError):
        return Unanswered("again", "timeout", f"no answer within {timeout:g} s", perhaps_charged=True)
    except openai.APIStatusError as error:
        headers = {name.lower(): value for name, value in error.response.headers.items()}
        return _scrubbed(failure_of_status(error.status_code, error.body, headers), endpoint)
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, TooLong):
            return Unanswered("reject", "length", str(error.__cause__), perhaps_charged=True)
        detail = f"{type(error.__cause__).__name__}: {error.__cause__}"
        return _scrubbed(Unanswered("again", "connection", detail, perhaps_charged=True), endpoint)
    request_id = response.headers.get("x-request-id", "")
    reply = parse_completion(
        response.content, request.hash, request.estimated_tokens, request.settings.max_tokens, number, request_id
    )
    if reply is None:
        detail = f"HTTP 200, but no chat completion: {response.text[:80]!r}"
        return _scrubbed(Unanswered("again", "server_error", detail, perhaps_charged=True), endpoint)
    return reply


def _scrubbed(failure: Unanswered, endpoint: Endpoint) -> Unanswered:
    return replace(failure, detail=endpoint.key.scrubbed(failure.detail))
