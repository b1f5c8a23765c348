"""Serves reports over loopback, so that a click in the UI opens one: browsers refuse `file://`.

Only names of a closed form are looked up (a fingerprint and a plain file name), nothing of a request ever
becomes a path here, and pages go out sandboxed: nothing is fetched, and although they share the UI's address they
are strangers to its API. The scripts that run are those whose hash the page itself names.
"""

import html
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from flows.server.hosts import KnownHostsOnly

FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(" + "|".join(re.escape(end) for end in TYPES) + ")")

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "img-src 'self' data:; font-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-scripts allow-popups"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class ReportEntry(Protocol):
    @property
    def fingerprint(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def when(self) -> str: ...


class ReportPages(Protocol):
    """What the store offers: which reports there are, newest first, and the bytes of one file of one of them."""

    def listing(self) -> Sequence[ReportEntry]: ...

    def page(self, fingerprint: str, name: str) -> bytes | None: ...


def reports_app(find_pages: Callable[[], ReportPages]) -> Starlette:
    """`find_pages` is called for the first request: the store's own imports do not delay a start."""
    find_pages = cache(find_pages)

    def index(request: Request) -> Response:
        rows = "".join(
            f'<li><a href="{html.escape(entry.fingerprint)}/report.html">{html.escape(entry.title)}</a> '
            f"<small>{html.escape(entry.when)}</small></li>"
            for entry in find_pages().listing()
        )
        body = f"<ul>{rows}</ul>" if rows else "<p>No report yet.</p>"
        return HTMLResponse(INDEX.format(body=body), headers=HEADERS)

    def page(request: Request) -> Response:
        fingerprint, name = request.path_params["fingerprint"], request.path_params["name"]
        if FINGERPRINT.fullmatch(fingerprint) and NAME.fullmatch(name):
            content = find_pages().page(fingerprint, name)
            if content is not None:
                kind = TYPES[name[name.rindex(".") :]]
                return Response(content, headers=HEADERS, media_type=kind)
        return PlainTextResponse("no such report\n", status_code=404, headers=HEADERS)

    # plain functions: Starlette runs them in threads, so a slow disk does not stop the API beside them
    return Starlette(routes=[Route("/", index), Route("/{fingerprint}/{name}", page)])


@contextmanager
def serving_reports(find_pages: Callable[[], ReportPages]) -> Iterator[str]:
    """Reports at an address of their own, for when the Prefect server is somebody else's."""
    import uvicorn

    app = Starlette()
    app.mount("/reports", reports_app(find_pages))
    listener = socket.create_server(("127.0.0.1", 0))
    guarded = KnownHostsOnly(app, listener.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(guarded, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, args=[[listener]], name="reports", daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the report server ended before it had started")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/reports/"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>mmkp reports</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
small {{ color: #666 }}</style>
<h1>Reports</h1>{body}</html>
"""
