"""A browser for tests: Chromium without a window, driven over the DevTools protocol.

Small on purpose: open, wait, click what a person would name, type, look. It keeps what a test of a local
page wants to know afterwards: errors on the console and every address that was asked for.
"""

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESKTOP, PHONE = (1280, 900), (390, 844)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
]

# Finds the first visible element whose whole text or label is the given one: buttons, links, tabs and fields first.
FIND = """
(text, role) => {
  const seen = e => { const r = e.getBoundingClientRect(), s = getComputedStyle(e);
                      return r.width > 0 && r.height > 0 && s.visibility !== 'hidden'; };
  const name = e => (e.getAttribute('aria-label') || e.innerText || e.value || '').trim();
  const acts = 'button,a,[role=button],[role=menuitem],[role=option],[role=tab],[role=switch],input,label';
  const all = [...document.querySelectorAll(role || acts), ...(role ? [] : document.querySelectorAll('*'))];
  const pool = all.filter(seen);
  return pool.filter(e => name(e) === text)[0] || null;
}
"""

# The middle of an element, when a click there would reach it.
SPOT = """
e => {
  if (!e) return null;
  e.scrollIntoView({block: 'center', behavior: 'instant'});
  const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
  const top = document.elementFromPoint(x, y);
  return top && (e.contains(top) || top.contains(e)) ? [x, y] : null;
}
"""


class Page:
    """One tab."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=30, suppress_origin=True)
        self._next = 0
        self.console_errors: list[str] = []
        self.requests: dict[str, str] = {}
        """Address by request."""
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.resize(*DESKTOP)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._next += 1
        self._socket.send(json.dumps({"id": self._next, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._next:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return dict(message["result"])
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"), message.get("params", {}):
            case "Network.requestWillBeSent", {"requestId": number, "request": {"url": url}}:
                self.requests[number] = url
            case "Network.loadingFailed", {"requestId": number, "blockedReason": "csp"}:
                self.requests.pop(number, None)  # announced, but never sent: the page's own policy forbids it
            case "Runtime.exceptionThrown", {"exceptionDetails": details}:
                self.console_errors.append(str(details.get("exception", details).get("description", details)))
            case "Runtime.consoleAPICalled", {"type": "error", "args": arguments}:
                self.console_errors.append(" ".join(str(a.get("value", a.get("description"))) for a in arguments))
            case "Log.entryAdded", {"entry": {"level": "error"} as entry}:
                self.console_errors.append(f"{entry['text']} {entry.get('url', '')}")

    # -- looking --------------------------------------------------------------------------------------

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", answer))
        return answer["result"].get("value")

    @property
    def text(self) -> str:
        return str(self.run("document.body ? document.body.innerText : ''"))

    @property
    def address(self) -> str:
        return str(self.run("location.href"))

    def until(self, script: str, seconds: float = 20.0, what: str = "") -> Any:
        """The first true value of a JavaScript expression."""
        deadline = time.monotonic() + seconds
        while not (value := self.run(script)):
            if time.monotonic() > deadline:
                place = f"{self.address}:\n{self.text[:2000]}"
                raise TimeoutError(f"{what or script} not within {seconds:.0f} s on {place}")
            time.sleep(0.1)
        return value

    def wait_text(self, text: str, seconds: float = 20.0) -> None:
        self.until(f"document.body && document.body.innerText.includes({json.dumps(text)})", seconds, f"text {text!r}")

    def wait_selector(self, selector: str, seconds: float = 20.0) -> None:
        self.until(f"!!document.querySelector({json.dumps(selector)})", seconds, selector)

    def picture(self, path: Path, *, whole: bool = False) -> Path:
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    def foreign_requests(self) -> list[str]:
        """Addresses asked for that are not on this machine."""
        own = {"127.0.0.1", "localhost", None}
        web = (urlsplit(url) for url in self.requests.values())
        return [url.geturl() for url in web if url.scheme in ("http", "https", "ws", "wss") and url.hostname not in own]

    # -- acting ---------------------------------------------------------------------------------------

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'", 30)

    def resize(self, width: int, height: int) -> None:
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def click(self, text: str, role: str = "", seconds: float = 20.0) -> None:
        """Click what shows `text`; `role` is a CSS selector that narrows the search."""
        self.click_element(f"({FIND})({json.dumps(text)}, {json.dumps(role)})", seconds)

    def click_element(self, script: str, seconds: float = 20.0) -> None:
        """With the real mouse, once the element is there, in view and nothing lies over it.

        Menus of the UI open on pointer events, not on `element.click()`.
        """
        spot = self.until(f"({SPOT})({script})", seconds, f"a free spot of {script}")
        where = {"x": spot[0], "y": spot[1]}
        self.call("Input.dispatchMouseEvent", type="mouseMoved", **where)
        self.call("Input.dispatchMouseEvent", type="mousePressed", button="left", clickCount=1, **where)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", button="left", clickCount=1, **where)

    def fill(self, script: str, value: str) -> None:
        """Replace the value of the field that `script` finds, by typing."""
        self.until(f"!!({script})")
        self.run(f"(() => {{ const e = {script}; e.scrollIntoView({{block: 'center'}}); e.focus(); e.select?.(); }})()")
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Delete", code="Delete", windowsVirtualKeyCode=46)
        if value:
            self.call("Input.insertText", text=value)

    def key(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def settle(self, seconds: float) -> None:
        """Let the page run, and note what it does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.run("0")
            time.sleep(0.1)


@contextmanager
def browser() -> Iterator[Page]:
    """A fresh Chromium with a profile of its own, and its one tab."""
    if CHROMIUM is None:
        raise FileNotFoundError("no chromium on this machine")
    with tempfile.TemporaryDirectory(prefix="mmkp-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Page(tab_address(Path(profile), process))
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def tab_address(profile: Path, process: subprocess.Popen[bytes]) -> str:
    import urllib.request

    announced = profile / "DevToolsActivePort"
    deadline = time.monotonic() + 30
    while not (announced.exists() and announced.read_text().count("\n")):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"chromium did not open its DevTools port (exit status {process.poll()})")
        time.sleep(0.05)
    port = announced.read_text().splitlines()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as reply:
        tabs = json.load(reply)
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
