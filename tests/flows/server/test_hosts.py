"""A request that reaches the server under a foreign name or from a foreign page is refused on every route."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
import websocket

from flows.server.hosts import ALLOWED, KnownHostsOnly

pytestmark = [pytest.mark.flow, pytest.mark.enable_socket]

FOREIGN = "rebound.example:4200"


def ask(url: str, method: str, path: str, **headers: str) -> int:
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname or "", at.port or 0, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": at.netloc, **headers}.items():
        connection.putheader(name, value)
    body = json.dumps({}).encode() if method == "POST" else b""
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    return connection.getresponse().status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/health"),
        ("GET", "/"),
        ("GET", "/reports/"),
        ("POST", "/api/flow_runs/filter"),
        ("GET", "/v2/"),
    ],
)
def test_only_its_own_names_are_answered(prefect_server: str, method: str, path: str) -> None:
    port = urlsplit(prefect_server).port
    assert ask(prefect_server, method, path) < 400
    assert ask(prefect_server, method, path, Host=f"localhost:{port}", Origin=f"http://localhost:{port}") < 400
    assert ask(prefect_server, method, path, Host=FOREIGN) == 421
    assert ask(prefect_server, method, path, Host="localhost") == 421  # of the right host another port
    assert ask(prefect_server, method, path, Origin="http://rebound.example") == 421
    assert ask(prefect_server, method, path, Origin="null") == 421


def test_a_socket_opens_for_its_own_pages_only(prefect_server: str) -> None:
    at = urlsplit(prefect_server).netloc
    address = f"ws://{at}/api/events/in"
    websocket.create_connection(address, timeout=30, origin=f"http://{at}").close()
    for headers in ({"origin": "http://rebound.example"}, {"host": FOREIGN}):
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            websocket.create_connection(address, timeout=30, **headers)


def test_further_hosts_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOWED, "mmkp.example, Other.example:8080")
    guard = KnownHostsOnly(None, 4200)
    for host, refused in (("mmkp.example", False), ("other.example:8080", False), ("third.example", True)):
        headers = [(b"Host", host.encode()), (b"Origin", f"https://{host}".encode())]
        assert bool(guard._refusal({"headers": headers})) == refused
