"""A headless Chromium through chromedriver. WebDriver is JSON over HTTP on the loopback, so nothing but Python is needed."""
from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pathlib

START_S, CALL_S = 30, 90


class Browser:
    """Owns the processes and their profile folder; use it as a context manager."""

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        self.profile = tempfile.mkdtemp(prefix="sage-browser-")
        self.log = open(os.path.join(self.profile, "chromedriver.log"), "w+", encoding="utf-8")  # noqa: SIM115
        # A group of its own: killing it ends the browser's processes too.
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=self.log, stderr=subprocess.STDOUT,
                                       start_new_session=True, cwd=self.profile)
        self.session: str | None = None
        try:
            self.base = f"http://127.0.0.1:{self._port()}"
            self.session = self._start(width, height)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            if self.session:
                self._call("DELETE", f"/session/{self.session}")
        except (OSError, RuntimeError):
            pass
        finally:
            try:
                os.killpg(self.driver.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.driver.wait(START_S)
            self.log.close()
            shutil.rmtree(self.profile, ignore_errors=True)

    def _port(self) -> int:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.driver.poll() is None:
            self.log.seek(0)
            for line in self.log:
                if "started successfully on port" in line:
                    return int(line.rstrip().rstrip(".").rsplit(" ", 1)[1])
            time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"chromedriver did not start: {self.log.read()}")

    def _start(self, width: int, height: int) -> str:
        arguments = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                     "--hide-scrollbars", f"--window-size={width},{height}",
                     f"--user-data-dir={os.path.join(self.profile, 'profile')}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                  "goog:loggingPrefs": {"browser": "ALL"}}
        session: str = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        return session

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the loopback, whatever proxy is set
        try:
            with opener.open(request, timeout=CALL_S) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(f"{path}: {e.read().decode(errors='replace')[:2000]}") from None

    def open(self, file: pathlib.Path) -> None:
        self._call("POST", f"/session/{self.session}/url", {"url": file.resolve().as_uri()})

    def run(self, script: str, *args: object) -> Any:
        """Value of a script's `return`."""
        return self._call("POST", f"/session/{self.session}/execute/sync", {"script": script, "args": list(args)})

    def console(self) -> Any:
        """What the page wrote to the console since the last call, errors of the security policy included."""
        return self._call("POST", f"/session/{self.session}/se/log", {"type": "browser"})

    def devtools(self, command: str, **params: object) -> Any:
        return self._call("POST", f"/session/{self.session}/goog/cdp/execute", {"cmd": command, "params": params})

    def prefer(self, scheme: str) -> None:
        """`light` or `dark`, as the system's setting."""
        self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def pdf(self) -> bytes:
        return base64.b64decode(self.devtools("Page.printToPDF", printBackground=False, preferCSSPageSize=True)["data"])

    def screenshot(self) -> bytes:
        """Of the whole page, as PNG."""
        return base64.b64decode(self.devtools("Page.captureScreenshot", captureBeyondViewport=True)["data"])
