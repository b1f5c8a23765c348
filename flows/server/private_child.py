"""Runs the private Prefect server: one process, on loopback, for as long as somebody uses the store.

Started by `private` with the store's home, a port (0: any) and the open, locked `server.json`. When no
process holds `users.lock` any more it writes down what it still has in memory, closes the books on runs whose
process is gone, and ends.
"""

import asyncio
import contextlib
import gc
import json
import os
import shutil
import socket
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.server.hosts import KnownHostsOnly
from flows.server.private import AGAIN, COMMON, ServerFiles, private_settings
from mmkp_core.locks import when_free

DRAIN_SECONDS = 60.0
COLLECT_EVERY = 5.0


def main() -> None:
    home, port, address = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    files = ServerFiles.under(home)
    os.umask(0o077)  # the history holds parameters, and blocks hold keys
    for database in files.folder.glob("prefect.db*"):
        database.chmod(0o600)
    life = Life()
    when_free(files.users, life.end)
    listener = listen(port)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    os.environ.update(COMMON | private_settings(files, url))
    os.ftruncate(address, 0)
    os.pwrite(address, json.dumps({"url": url, "pid": os.getpid()}).encode(), 0)
    fresh = AGAIN not in sys.argv[4:]
    if fresh:
        free_slots(files.folder)
    asyncio.run(serve(life, listener, url, home, fresh))


class Life:
    """Set by the thread that waits for the lock, awaited in the event loop."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.unused = asyncio.Event()

    def end(self) -> None:
        if self.loop is None:  # still importing or migrating, which is safe to leave at any point
            os._exit(0)
        self.loop.call_soon_threadsafe(self.unused.set)


def listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:  # the wish for a port is for the sake of bookmarks; the address is printed anyway
        listener.bind(("127.0.0.1", 0))
    return listener


async def serve(life: Life, listener: socket.socket, url: str, home: Path, fresh: bool) -> None:
    import uvicorn
    from prefect.server.api.server import create_app

    born = datetime.now(UTC)
    app = create_app(final=True)
    mount_reports(app, home)
    guarded = KnownHostsOnly(SameMachineOnly(app, url), listener.getsockname()[1])
    config = uvicorn.Config(guarded, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(until_stopped(server, listener))
    while not server.started:
        if serving.done():
            sys.exit("the server did not come up")
        await asyncio.sleep(0.02)
    life.loop = asyncio.get_running_loop()
    collecting = asyncio.create_task(collect_garbage_beside(COLLECT_EVERY))
    closing = asyncio.create_task(close_abandoned(url, before=born)) if fresh else None
    ending = asyncio.create_task(life.unused.wait())
    await asyncio.wait([serving, ending], return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        if closing:
            await closing
        await history_written()
        await close_abandoned(url, before=datetime.now(UTC))
        await history_written()
        server.should_exit = True
    await serving
    collecting.cancel()


async def collect_garbage_beside(seconds: float) -> None:
    """Collect cyclic garbage in another thread than the event loop's.

    A database cursor that is collected waits for its connection; the connection may wait for a transaction that only
    the event loop can end. On the loop's own thread both stand still until SQLite gives up after a minute.
    """
    gc.freeze()
    gc.disable()
    try:
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(gc.collect)
    finally:
        gc.enable()


async def until_stopped(server: Any, listener: socket.socket) -> None:
    with contextlib.suppress(SystemExit):  # uvicorn's way to say that it could not start; the log has the reason
        await server.serve(sockets=[listener])


def mount_reports(app: Any, home: Path) -> None:
    """Reports at the UI's own address, so that a link in an artifact is `/reports/...` whatever the port."""
    from starlette.routing import Mount

    from flows.server.reports import ReportPages, reports_app

    def find_pages() -> ReportPages:
        from storage.report_pages import ReportPages as StoredPages

        return StoredPages(home)

    app.router.routes.insert(0, Mount("/reports", reports_app(find_pages)))


class SameMachineOnly:
    """Forbids the pages of the UI to talk to anybody else: its tracking asks a host outside, whatever the settings."""

    def __init__(self, app: Any, url: str) -> None:
        port = url.removesuffix("/api").rpartition(":")[2]
        hosts = " ".join(
            f"{scheme}://{host}:{port}" for scheme in ("http", "ws") for host in ("127.0.0.1", "localhost")
        )
        self._policy = (b"content-security-policy", f"connect-src 'self' {hosts}; frame-ancestors 'self'".encode())
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                if self._policy[0] not in names:
                    message = {**message, "headers": [*message["headers"], self._policy]}
            await send(message)

        await self._app(scope, receive, send_with_policy)


def free_slots(folder: Path) -> None:
    """Nobody uses the server yet: slots that are still taken belong to processes that were killed."""
    shutil.rmtree(folder / "concurrency_leases", ignore_errors=True)
    database = folder / "prefect.db"
    if not database.exists():
        return
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        tables = connection.execute("select name from sqlite_master where name = 'concurrency_limit_v2'")
        if tables.fetchone():  # none where it was killed before its first migration
            connection.execute("update concurrency_limit_v2 set active_slots = 0 where active_slots <> 0")


async def history_written() -> None:
    """Return when no event waits in the server's queues; its services write their last batch as they stop."""
    from prefect.server.utilities.messaging.memory import METRICS, Topic

    deadline = time.monotonic() + DRAIN_SECONDS
    seen, since = -1, time.monotonic()
    while (now := time.monotonic()) < deadline:
        waiting = sum(
            subscription._queue.qsize() + subscription._retry.qsize()
            for topic in Topic._topics.values()
            for subscription in topic._subscriptions
        )
        handled = sum(counts["consumed"] for counts in METRICS.values())
        if handled != seen:
            seen, since = handled, now
        in_hand = sum(counts["published"] - counts["consumed"] for counts in METRICS.values())
        # a message that was never handled (its subscriber left) keeps `in_hand` above 0 for ever
        if not waiting and (not in_hand or now - since > 1.0):
            return
        await asyncio.sleep(0.05)


async def close_abandoned(url: str, *, before: datetime) -> None:
    """Runs that nobody can still be working on end as Crashed instead of running for ever.

    Work pools are left alone: their workers may be on other machines and outlive this server.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    unfinished = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=unfinished)))
    async with get_client() as client:
        for run in await client.read_flow_runs(flow_run_filter=wanted):
            if run.work_pool_name is None and run.state is not None and run.state.timestamp < before:
                message = "The process that ran this is gone. Retry it: what it had finished is reused."
                await client.set_flow_run_state(run.id, Crashed(message=message), force=True)


if __name__ == "__main__":
    main()
