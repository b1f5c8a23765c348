"""Connects a process to its Prefect server, and starts and ends the private server of a store.

A server that `PREFECT_API_URL` or the active profile names is used as it is. Otherwise the store has a private one on
loopback with its history in `<home>/prefect/prefect.db`: the first command starts it, others join it, and it
ends by itself, after writing down all it was told, when the last process that uses it is gone, killed ones
included. (Prefect's own ephemeral mode drops what is still queued.)

    users.lock      held shared by every process that uses the server; the server waits for it to be free
    starting.lock   held by the one process that is starting a server
    server.json     held by the running server; inside are its address and process id
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mmkp_core.disk import explanation
from mmkp_core.errors import MmkpError, Unavailable
from mmkp_core.locks import is_held, locked, open_lock, try_lock

START_SECONDS = 180.0
STOP_SECONDS = 90.0
AGAIN = "again"
"""Said to a server that takes the place of one that died, whose runs are still at work."""
MOST_STARTS = 5
LOGGERS = ("mmkp_core", "storage", "tasks")


@dataclass(frozen=True)
class ServerFiles:
    """Where the private server of one store keeps things."""

    folder: Path

    @classmethod
    def under(cls, home: Path) -> "ServerFiles":
        return cls(home.absolute() / "prefect")

    @property
    def users(self) -> Path:
        return self.folder / "users.lock"

    @property
    def starting(self) -> Path:
        return self.folder / "starting.lock"

    @property
    def address(self) -> Path:
        return self.folder / "server.json"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"


def server_home() -> Path:
    """The local folder for the Prefect server of the store: the store's own, if it is a folder."""
    from tasks.run.store import home

    root = home()
    if "://" not in root:
        return Path(root)
    return Path(tempfile.gettempdir()) / f"mmkp-{os.getuid()}-{sha256(root.encode()).hexdigest()[:12]}"


def tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextmanager
def prefect_api(home: Path, *, port: int = 0, say: Callable[[str], None] = tell) -> Iterator[str]:
    """The API address for everything that runs inside; a private server is started or joined where none is named."""
    files = ServerFiles.under(home)
    named = named_api(files)
    if named:
        if not answers(named):
            raise Unavailable(
                f"no Prefect server answers at {named} (from PREFECT_API_URL or the active Prefect profile); "
                "start it there, or unset PREFECT_API_URL to let mmkp start a private one"
            )
        with prefect_settings(COMMON):
            try:
                yield named
            finally:
                drain_client()
        return
    with ExitStack() as stack:
        url, server = join_or_start(files, port, say, stack)
        try:
            with prefect_settings(COMMON | private_settings(files, url)), kept_alive(files, url, say):
                try:
                    yield url
                finally:
                    drain_client()
        finally:
            stack.close()  # gives up the place among the users
            wait_for_history(files, server, say)


COMMON = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": ",".join(LOGGERS),
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # a pickle in the results folder would be code
    # waits of 2, 4, 8 ... seconds: work outlives a server that is away for some minutes
    "PREFECT_CLIENT_MAX_RETRIES": "8",
    # one frequency for all: a run counts as lost after three missed beats
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


def private_settings(files: ServerFiles, url: str) -> dict[str, str]:
    """What the private server and everybody who talks to it are run with."""
    site = url.removesuffix("/api")
    return {
        "PREFECT_HOME": str(files.folder),
        "PREFECT_PROFILE": "ephemeral",  # the one that every home has
        "PREFECT_API_URL": url,
        "PREFECT_UI_URL": site,
        "PREFECT_SERVER_UI_API_URL": url,  # else the UI asks port 4200
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(files.folder / "ui"),  # else it writes into site-packages
        # by default any page that the browser shows may read the API
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"{site},{site.replace('127.0.0.1', 'localhost')}",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # in memory, who holds a slot would be forgotten by a server that starts again
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # the history does not grow for ever
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(90 * 24 * 3600),
    }


@contextmanager
def prefect_settings(values: Mapping[str, str]) -> Iterator[None]:
    """`values` in the environment, and in Prefect's settings where it is already imported."""
    before = {name: os.environ.get(name) for name in values}
    imported = "prefect" in sys.modules
    os.environ.update(values)
    refresh_settings()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if imported:  # else nobody saw it without `values`, and it would only make itself a home folder
            refresh_settings()


def refresh_settings() -> None:
    if "prefect" in sys.modules:
        from prefect.context import refresh_global_settings_context

        refresh_global_settings_context()


def named_api(files: ServerFiles) -> str | None:
    """The address that the environment, the active profile or a settings file of Prefect's names."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    theirs = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    profiles = Path(os.environ.get("PREFECT_PROFILES_PATH", theirs / "profiles.toml")).exists()
    if not (profiles or "prefect" in sys.modules or any(mentions_prefect(Path(name)) for name in SETTINGS_FILES)):
        return None  # without importing Prefect, which takes a second and can go on while a server starts
    files.folder.mkdir(parents=True, exist_ok=True)
    with prefect_settings(COMMON | ({} if profiles else {"PREFECT_HOME": str(files.folder)})):
        from prefect.settings import get_current_settings

        url = get_current_settings().api.url
    return str(url) if url else None


SETTINGS_FILES = ("prefect.toml", "pyproject.toml", ".env")  # that Prefect reads in the working directory


def mentions_prefect(path: Path) -> bool:
    try:
        text = path.read_text(errors="replace").lower()
    except OSError:
        return False
    return path.name == "prefect.toml" or "[tool.prefect" in text or "prefect_" in text


def answers(url: str, seconds: float = 5.0) -> bool:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=seconds) as reply:
            return bool(reply.status == 200)
    except urllib.error.HTTPError as refusal:
        return refusal.code in (401, 403)  # it answers; the password is the client's matter
    except (OSError, ValueError):
        return False


def running_server(home: Path) -> str | None:
    """The address of the private server of this store, if one is running."""
    return address_of(ServerFiles.under(home))


def address_of(files: ServerFiles) -> str | None:
    if not is_held(files.address):
        return None
    try:
        return str(json.loads(files.address.read_text())["url"])
    except (ValueError, KeyError):  # held, but not yet written: its port is still being taken
        return None


def join_or_start(
    files: ServerFiles, port: int, say: Callable[[str], None], stack: ExitStack
) -> tuple[str, subprocess.Popen[bytes] | None]:
    users = open_lock(files.users)
    stack.callback(os.close, users)
    deadline = time.monotonic() + START_SECONDS
    with locked(files.starting):
        while not try_lock(users, shared=True):  # an old server is writing its last history
            if time.monotonic() > deadline:
                raise Unavailable(f"the Prefect server of {files.folder} does not end; see {files.log}")
            time.sleep(0.05)
        server = None
        if not is_held(files.address):
            say(f"starting Prefect (history in {files.folder}) ...")
            server = start(files, port)
        stack.enter_context(prefect_settings(COMMON | {"PREFECT_HOME": str(files.folder)}))
        importlib.import_module("prefect.flows")  # needed in any case: while the server does the same
        while True:
            url = address_of(files)
            if url and answers(url, 1.0):
                return url, server
            if server is not None and server.poll() is not None:
                raise not_started(files, f"ended with exit status {server.returncode}")
            if time.monotonic() > deadline:
                raise not_started(files, f"did not answer within {START_SECONDS:.0f} s")
            time.sleep(0.05)


@contextmanager
def kept_alive(files: ServerFiles, url: str, say: Callable[[str], None]) -> Iterator[None]:
    """Start the server again, at its address, if it dies while this process uses it: work outlives it."""
    left = threading.Event()

    def keep() -> None:
        for _ in range(MOST_STARTS):
            while is_held(files.address):
                if left.wait(1.0):
                    return
            with locked(files.starting):
                if not is_held(files.address) and not left.is_set():
                    say(f"the Prefect server ended (its log is {files.log}); starting it again ...")
                    start(files, int(url.removesuffix("/api").rpartition(":")[2]), AGAIN)
        say(f"the Prefect server ended {MOST_STARTS} times; see {files.log}")

    keeper = threading.Thread(target=keep, name="keeps the Prefect server", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        left.set()
        keeper.join(START_SECONDS)


def start(files: ServerFiles, port: int, *how: str) -> subprocess.Popen[bytes]:
    with closing(files.log.open("ab" if AGAIN in how else "wb")) as log:
        address = open_lock(files.address)
        os.ftruncate(address, 0)
        if not try_lock(address):
            raise AssertionError("only the holder of starting.lock starts a server")
        try:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "flows.server.private_child",
                    str(files.folder.parent),
                    str(port),
                    str(address),
                    *how,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[address],  # the lock goes over without a moment in which nobody holds it
                start_new_session=True,  # else an interrupt from the keyboard ends it before its history is written
            )
        finally:
            os.close(address)


def not_started(files: ServerFiles, what: str) -> MmkpError:
    text = files.log.read_text(errors="replace")[-20_000:]
    if full := explanation(RuntimeError(text), files.folder):
        return full
    tail = "\n".join(text.splitlines()[-15:])
    return Unavailable(f"the Prefect server {what}; its log {files.log} ends with:\n{tail}")


def drain_client() -> None:
    """Send what this process still holds back: events (task runs are made of them) and log lines."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=30, at_exit=False)
    APILogWorker.drain_all(timeout=30, at_exit=False)


def wait_for_history(files: ServerFiles, server: subprocess.Popen[bytes] | None, say: Callable[[str], None]) -> None:
    """Return when the server has ended, or when it turns out that somebody else still uses it."""
    in_use_since = time.monotonic()
    deadline = in_use_since + STOP_SECONDS
    while is_held(files.address):
        now = time.monotonic()
        if is_held(files.users, shared=True):  # taken by the server itself: it is on its way out
            in_use_since = now
        elif now - in_use_since > 1.0:
            return
        if now > deadline:
            say(f"the Prefect server is still writing after {STOP_SECONDS:.0f} s; see {files.log}")
            return
        time.sleep(0.02)
    if server is not None:
        server.wait(timeout=10)
