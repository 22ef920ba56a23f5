"""A real JupyterLab on this machine's loopback, and a real Chromium looking at it.

Used by the browser tests and by the latency benchmark.  Nothing else may be reached: every request
that leaves the loopback interface is refused and remembered.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from rsi_teach.serving import LEFT_OUT, SETTINGS

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    """The path of Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


@contextmanager
def jupyter_lab(folder: Path, home: Path) -> Iterator[str]:
    """Run JupyterLab on `folder` with settings of its own under `home`; yields its address."""
    _without_news(home / "config" / "labconfig")
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_CONFIG_PATH": str(LEFT_OUT),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "RSI_TEACH_HOME": str(home / "journal"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root",
               "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=test",
               "--LabApp.expose_app_in_browser=True", *SETTINGS,
               f"--ServerApp.root_dir={folder}"]  # fmt: skip
    log = (home / "lab.log").open("wb")
    server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log,
                              start_new_session=True)  # fmt: skip
    try:
        yield _address(server, home / "lab.log")
    finally:
        # The kernels are in the same process group: nothing of the test outlives it.
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        log.close()


def _without_news(folder: Path) -> None:
    """Leave out JupyterLab's question whether to fetch news."""
    folder.mkdir(parents=True, exist_ok=True)
    off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (folder / "page_config.json").write_text(json.dumps(off))


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """Where the server listens, once it answers."""
    for _ in range(600):
        found = re.search(rb"http://127\.0\.0\.1:(\d+)/lab", log.read_bytes())
        if found:
            address = f"http://127.0.0.1:{int(found[1])}"
            try:
                urllib.request.urlopen(f"{address}/api?token=test", timeout=5).read()
                return address
            except urllib.error.URLError:
                pass
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("JupyterLab did not start:\n" + log.read_text(errors="replace")[-3000:])


@dataclass
class Browser:
    """A Chromium tab on a JupyterLab."""

    page: Any
    address: str
    refused: list[str] = field(default_factory=list)
    kernels: bool = True
    """Whether the server may be asked for kernels."""
    query: str = "?token=test"
    """What opens the server's door, after a notebook's address."""
    patience: float = 180.0
    """How many seconds a notebook may run."""

    def open(self, notebook: str) -> None:
        """Open a notebook in a workspace of its own and wait until it is there."""
        workspace = re.sub(r"\W", "", notebook) + str(time.monotonic_ns())
        url = f"{self.address}/lab/workspaces/{workspace}/tree/{notebook}{self.query}"
        self.page.goto(url)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.wait_for_function(
            """path => { const shell = window.jupyterapp.shell;
            const panel = [...shell.widgets('main')].find(one => one.context?.path === path);
            const count = panel?.context.isReady && panel.content.model?.cells.length;
            if (!count || panel.content.widgets.length !== count) return false;
            shell.activateById(panel.id);
            return shell.currentWidget === panel }""",
            arg=notebook,
        )
        if self.kernels:
            self.page.wait_for_function(
                """() => window.jupyterapp.shell.currentWidget
                ?.sessionContext?.session?.kernel?.status === 'idle'"""
            )

    def run(self, command: str, **arguments: Any) -> Any:
        """Run one of JupyterLab's commands."""
        return self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args)",
            [command, arguments],
        )

    def run_cell(self, index: int) -> None:
        """Run one cell of the open notebook and wait for it."""
        self.page.evaluate(
            """index => { const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.deselectAll(); notebook.activeCellIndex = index;
            return window.jupyterapp.commands.execute('notebook:run-cell') }""",
            index,
        )
        self.wait_idle()

    def run_all(self) -> None:
        """Run every cell of the open notebook and wait for the last."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        self.wait_idle()

    def restart(self) -> None:
        """Restart the kernel and wait for it."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
        self.wait_idle()

    def cell(self, beginning: str) -> Any:
        """The first cell whose source begins like this."""
        index = self.page.evaluate(
            """beginning => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(
            cell => cell.model.sharedModel.source.startsWith(beginning))""",
            beginning,
        )
        if index < 0:
            raise ValueError(f"no cell begins with {beginning!r}")
        return self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{index}']")

    def wait_idle(self) -> None:
        """Wait until no cell waits or runs."""
        until = time.monotonic() + self.patience
        quiet = 0
        while time.monotonic() < until:
            busy = self.page.evaluate(
                """() => { const panel = window.jupyterapp.shell.currentWidget;
                const waiting = panel.content.widgets.some(cell =>
                  cell.model.type === 'code' && cell.model.executionState !== 'idle'
                  && cell.model.executionState !== undefined && cell.model.executionState !== null);
                return waiting || panel.sessionContext.session?.kernel?.status !== 'idle' }"""
            )
            quiet = 0 if busy else quiet + 1
            if quiet >= 3:
                return
            self.page.wait_for_timeout(150)
        raise TimeoutError("the notebook is still running")

    def outputs(self) -> list[dict[str, Any]]:
        """Every output in the open notebook, as it would be saved."""
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === 'code')
            .flatMap(cell => cell.model.outputs.toJSON())"""
        )

    def errors(self) -> list[str]:
        """Every error and every line on stderr in the open notebook."""
        return [
            str(output.get("evalue") or output.get("text"))
            for output in self.outputs()
            if output["output_type"] == "error" or output.get("name") == "stderr"
        ]

    def words(self) -> str:
        """The plain text of every output in the open notebook."""
        return "\n".join(
            str(output.get("data", {}).get("text/plain", output.get("text", "")))
            for output in self.outputs()
        )

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme and wait for it."""
        self.run("apputils:change-theme", theme=name)
        light = str("Light" in name).lower()
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")


@contextmanager
def chromium(address: str, width: int = 1280, height: int = 900) -> Iterator[Browser]:
    """A Chromium that can reach the loopback interface and nothing else."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        raise RuntimeError("no Chromium or Chrome on the PATH")
    with sync_playwright() as play:
        app = play.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        context = app.new_context(viewport={"width": width, "height": height})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        browser = Browser(context.new_page(), address)
        browser.page.set_default_timeout(60_000)
        # "Leave this page?": a tab with unsaved outputs asks, and a test always leaves.
        browser.page.on("dialog", lambda dialog: dialog.accept())

        def judge(route: Any) -> None:
            url = urlparse(route.request.url)
            if url.hostname not in ("127.0.0.1", "localhost", None):
                browser.refused.append(route.request.url)
                route.abort()
            elif not browser.kernels and re.match(r"/api/(sessions|kernels)\b", url.path):
                # There are none, and none can be made; a server that hangs up is another matter.
                asked = route.request.method == "GET"
                route.fulfill(status=200 if asked else 503, json=[] if asked else {})
            else:
                route.continue_()

        context.route("**/*", judge)
        yield browser
        app.close()
