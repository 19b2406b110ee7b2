"""A headless Chromium, driven by the Chrome DevTools protocol over a pair of pipes.

For pictures and tests. No driver program and no port: the browser ends with the pipes.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.environment import for_this_machine

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS: Final = (
    "--headless",
    # Only pages of our own making are opened, and containers lack what the sandbox needs.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
#: The protocol is on descriptors 3 and 4; the shell puts our pipes there.
_PIPES: Final = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null'
#: A browser that ended is seen at once; this is for one that hangs. A machine with other work may
#: take a minute to start one.
_LIMIT_S: Final = 180.0
_END_S: Final = 5.0
_CHUNK: Final = 1 << 20


class BrowserError(Exception):
    """The browser is missing, does not start or does not answer."""


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class WidgetState:
    """What became of a widget on the page.

    Attributes:
        state: ``drawn``, ``empty``, ``error`` or ``unevaluated``.
        message: Why it is not drawn.
        overflows: Whether a text is longer than its widget is high.
    """

    title: str
    kind: str
    state: str
    message: str
    overflows: bool


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Run a browser with a profile of its own.

    Raises:
        BrowserError: There is none, or it does not start.
    """
    path = find_chromium()
    if path is None:
        raise BrowserError(
            "No Chromium was found; on Debian or Ubuntu: apt-get install chromium. "
            f"Looked for {', '.join(_NAMES)}."
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = ["/bin/sh", "-c", _PIPES, "sh", path, *_FLAGS, f"--user-data-dir={profile}"]
        with subprocess.Popen(  # noqa: S603  the browser found above
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            # A home of its own: no settings of the user's reach the picture.
            env={**for_this_machine(), "HOME": profile, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        ) as process:
            browser = Browser(process)
            try:
                yield browser
            finally:
                browser.end()


class Browser:
    """A running browser; ``chromium`` makes it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None  # noqa: S101  for the type checker
        assert process.stdout is not None  # noqa: S101
        self._process = process
        self._in, self._out = process.stdin, process.stdout
        self._buffer = b""
        self._last = 0
        self._events: list[dict[str, Any]] = []

    def open(self, width: int = 1280, height: int = 800) -> "Tab":
        """Open an empty tab of a size in CSS pixels."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attach = {"targetId": target, "flatten": True}
        tab = Tab(self, self.call("Target.attachToTarget", attach)["sessionId"])
        for domain in ("Page", "Runtime", "Log"):
            tab.call(f"{domain}.enable")
        tab.resize(width, height)
        return tab

    def call(
        self, method: str, parameters: dict[str, Any] | None = None, session: str | None = None
    ) -> dict[str, Any]:
        """Call a method of the protocol and return its result.

        Raises:
            BrowserError: It failed, or the browser did not answer in time.
        """
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        try:
            self._in.write(json.dumps(message).encode() + b"\0")
            self._in.flush()
        except OSError as error:
            raise BrowserError(f"The browser has ended: {error}") from error
        give_up = time.monotonic() + _LIMIT_S
        while True:
            answer = self._read(give_up, method)
            if answer.get("id") != message["id"]:
                self._events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error'].get('message')}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def wait(self, event: str, session: str) -> None:
        """Wait for an event of a tab, unless it has happened already."""
        give_up = time.monotonic() + _LIMIT_S
        while True:
            for at, known in enumerate(self._events):
                if known.get("method") == event and known.get("sessionId") == session:
                    del self._events[at]
                    return
            self._events.append(self._read(give_up, event))

    def events(self, session: str) -> list[dict[str, Any]]:
        """The events of a tab that nobody waited for."""
        return [event for event in self._events if event.get("sessionId") == session]

    def forget_events(self, session: str) -> None:
        """Drop a tab's events."""
        self._events = [event for event in self._events if event.get("sessionId") != session]

    def _read(self, give_up: float, waiting_for: str) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._out], [], [], max(0.0, give_up - time.monotonic()))
            if not ready:
                raise BrowserError(
                    f"The browser did not answer within {_LIMIT_S:.0f} s; it was asked for "
                    f"{waiting_for}."
                )
            chunk = os.read(self._out.fileno(), _CHUNK)
            if not chunk:
                raise BrowserError(f"The browser ended while it was asked for {waiting_for}.")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def end(self) -> None:
        """End the browser and everything it started."""
        with contextlib.suppress(BrowserError):
            self.call("Browser.close")
        for stream in (self._in, self._out):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            # The session is its own: whatever is in it was started by it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Tab:
    """A tab of a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol on this tab."""
        return self._browser.call(method, parameters, self._session)

    def resize(self, width: int, height: int) -> None:
        """Give the page a size in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def goto(self, url: str) -> None:
        """Open a dashboard page and wait until it is drawn, or has said that it cannot be.

        Raises:
            BrowserError: It was not in time.
        """
        self.load(url)
        self.wait_for("document.documentElement.dataset.ready === 'true'")

    def load(self, url: str) -> None:
        """Open any page and wait until it is loaded.

        Raises:
            BrowserError: It was not in time.
        """
        self._browser.forget_events(self._session)
        failure = self.call("Page.navigate", url=url).get("errorText")
        if failure:
            raise BrowserError(f"{url}: {failure}")
        self._browser.wait("Page.loadEventFired", self._session)

    def wait_for(self, condition: str) -> None:
        """Wait until a JavaScript condition holds."""
        self.evaluate(
            f"new Promise(done => {{ const look = () => ({condition}) ? done(true) : "
            "setTimeout(look, 20); look(); })"
        )

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, promises awaited."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            reason = details.get("exception", {}).get("description") or details.get("text")
            raise BrowserError(f"{expression[:80]}: {reason}")
        return answer["result"].get("value")

    def widgets(self) -> list[WidgetState]:
        """What became of each widget, in the dashboard's order."""
        found = self.evaluate(
            "[...document.querySelectorAll('.widget')].map(w => ({title: w.dataset.widgetTitle, "
            "kind: w.dataset.widgetKind, state: w.dataset.widgetState, "
            "message: w.dataset.widgetMessage, overflows: w.dataset.overflows === 'true'}))"
        )
        return [WidgetState(**widget) for widget in found]

    def problems(self) -> list[str]:
        """Everything the page's console was told as an error or a warning since it was opened."""
        self.evaluate("0")  # what the page has said by now is read on the way to the answer
        found = []
        for event in self._browser.events(self._session):
            details = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    exception = details["exceptionDetails"]
                    description = exception.get("exception", {}).get("description")
                    found.append(str(description or exception.get("text")))
                case "Runtime.consoleAPICalled" if details["type"] in {"error", "warning"}:
                    words = [str(a.get("value", a.get("description"))) for a in details["args"]]
                    found.append(" ".join(words))
                case "Log.entryAdded" if details["entry"]["level"] in {"error", "warning"}:
                    found.append(details["entry"]["text"])
                case _:
                    pass
        own: list[str] = json.loads(
            self.evaluate("document.documentElement.dataset.problems || '[]'")
        )
        return found + own

    def picture(self, path: Path) -> None:
        """Write a PNG of the whole page, as wide as the tab."""
        height = self.evaluate("Math.ceil(document.documentElement.scrollHeight)")
        width = self.evaluate("innerWidth")
        shot = self.call(
            "Page.captureScreenshot",
            format="png",
            captureBeyondViewport=True,
            clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1},
        )
        path.write_bytes(base64.b64decode(shot["data"]))
