"""Answers only requests that name this server by a host of its own.

A page from anywhere can make a browser send requests to loopback: under its own name, once that name points there (DNS
rebinding), or with its own address as their origin. Both are refused, on every route, before the server sees them.
"""

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

ALLOWED = "MMKP_ALLOWED_HOSTS"
"""Further hosts, with commas between: the name of a proxy before the server, say."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class KnownHostsOnly:
    """An ASGI application around another."""

    def __init__(self, app: Any, port: int, further: Iterable[str] | None = None) -> None:
        if further is None:
            further = os.environ.get(ALLOWED, "").split(",")
        self._app = app
        self._hosts = {f"{host}:{port}" for host in LOOPBACK} | {
            host.strip().lower() for host in further if host.strip()
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket") and (why := self._refusal(scope)):
            await _refuse(scope, receive, send, why)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Any) -> str:
        """Why a request is not answered; empty where it is."""
        given = [(name.lower(), value.decode("latin-1").lower()) for name, value in scope["headers"]]
        hosts = [value for name, value in given if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return f"this server does not go by the name {', '.join(hosts) or '(none)'}; {ALLOWED} allows further ones"
        for origin in (value for name, value in given if name == b"origin"):
            if urlsplit(origin).netloc not in self._hosts:
                return f"pages of {origin} may not use this server; {ALLOWED} allows further hosts"
        return ""


async def _refuse(scope: Any, receive: Any, send: Any, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why[:100]})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": f"{why}\n".encode()})
