import urllib.request
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from flows.server.reports import reports_app, serving_reports


@dataclass(frozen=True)
class Entry:
    fingerprint: str = "0123456789abcdef0123"
    title: str = "Demo <script>alert(1)</script>"
    when: str = "2026-11-21 07:00 UTC"


class Pages:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def listing(self) -> list[Entry]:
        return [Entry()]

    def page(self, fingerprint: str, name: str) -> bytes | None:
        self.asked.append((fingerprint, name))
        return b"<h1>report</h1>" if (fingerprint, name) == (Entry.fingerprint, "report.html") else None


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def client(pages: Pages) -> TestClient:
    return TestClient(reports_app(lambda: pages))


def test_the_index_lists_reports_and_escapes_their_titles(client: TestClient) -> None:
    reply = client.get("/")
    assert f'href="{Entry.fingerprint}/report.html"' in reply.text
    assert "<script>" not in reply.text


def test_a_report_is_served_sandboxed(client: TestClient) -> None:
    reply = client.get(f"/{Entry.fingerprint}/report.html")
    assert (reply.status_code, reply.text) == (200, "<h1>report</h1>")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-same-origin" not in policy, "its scripts must not reach the API beside it"
    assert "connect-src" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        f"/{Entry.fingerprint}/../record.json",
        f"/{Entry.fingerprint}/..%2f..%2frecord.json",
        f"/{Entry.fingerprint}/.hidden.html",
        f"/{Entry.fingerprint}/report.html%00.png",
        f"/{Entry.fingerprint}/weights.safetensors",
        f"/{Entry.fingerprint}/a/b.html",
        "/not-a-fingerprint/report.html",
    ],
)
def test_nothing_but_plain_names_is_ever_looked_up(client: TestClient, pages: Pages, path: str) -> None:
    assert client.get(path).status_code == 404
    assert pages.asked == []


def test_an_unknown_report_is_not_found(client: TestClient) -> None:
    assert client.get("/ffffffffffffffffffff/report.html").status_code == 404


def test_reports_have_an_address_of_their_own_beside_a_foreign_server(pages: Pages) -> None:
    with (
        serving_reports(lambda: pages) as address,
        urllib.request.urlopen(f"{address}{Entry.fingerprint}/report.html", timeout=10) as reply,
    ):
        assert reply.read() == b"<h1>report</h1>"
