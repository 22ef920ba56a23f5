"""What every test shares: nobody's journal but its own, and a browser where there is one."""

import os

import pytest

# As `rsi-teach start` does, and before anything loads NumPy: small matrices, one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# ruff: isort: split

from tools.lab import find_browser

# nbgrader reads it, and gives it a name that Python does not know.
collect_ignore = ["course/teaching/nbgrader_config.py"]


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """Point the journal at a folder that dies with the test."""
    monkeypatch.setenv("RSI_TEACH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def browser_path():
    """The browser's path; without one, CI fails and everybody else skips."""
    path = find_browser()
    if path is None:
        missing = "no Chromium or Chrome on the PATH: `apt install chromium`, or your system's way"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return path
