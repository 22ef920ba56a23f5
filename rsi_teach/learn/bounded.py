"""Run somebody's code for so many seconds and no longer."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from rsi_teach.models.domain import within

T = TypeVar("T")

REPEAT = 0.001  # seconds until a stop that a bare `except:` swallowed is tried again
PATIENCE = 2.0  # seconds a worker thread is given to notice that it was stopped


class TookTooLong(BaseException):
    """The code did not come back in time; no ``except Exception`` swallows this."""


def bounded(work: Callable[[], T], seconds: float) -> T:
    """Return ``work()``, or raise `TookTooLong` once `seconds` of wall clock have passed.

    In the main thread of a system that has interval timers a signal stops the work where it
    stands. Elsewhere it runs in a thread, which is asked to stop. A single call into compiled
    code that never returns can be stopped by neither.

    Parameters
    ----------
    work : callable without arguments
    seconds : float
        Wall-clock limit, > 0.

    Raises
    ------
    TookTooLong
        When the limit has passed.

    Examples
    --------
    >>> bounded(lambda: 6 * 7, seconds=5)
    42
    """
    within("seconds", seconds, 0, open_low=True)
    in_main = threading.current_thread() is threading.main_thread()
    by_signal = in_main and hasattr(signal, "setitimer")
    return (_by_signal if by_signal else _by_thread)(work, seconds)


def _by_signal(work: Callable[[], T], seconds: float) -> T:
    """Stop `work` by an interval timer; the caller's own timer and handler come back after."""

    def stop(_signum: int, frame: FrameType | None) -> None:
        # Never inside this file: the tidying up below must not be interrupted itself.
        if frame is None or frame.f_code.co_filename != __file__:
            raise TookTooLong

    handler = signal.signal(signal.SIGALRM, stop)
    # In a finalizer the stop would be swallowed and reported as somebody else's error.
    collecting = gc.isenabled()
    gc.disable()
    started = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if collecting:
            gc.enable()
        if left:
            elapsed = time.monotonic() - started
            signal.setitimer(signal.ITIMER_REAL, max(left - elapsed, 1e-6), interval)


def _by_thread(work: Callable[[], T], seconds: float) -> T:
    """Run `work` in a thread, and ask the thread to stop when the time is up."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except BaseException as error:  # handed to the caller's thread, whatever it is
            outcome["error"] = error

    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive():
        _ask_to_stop(worker)
        raise TookTooLong
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def _ask_to_stop(worker: threading.Thread) -> None:
    import ctypes

    give_up = time.monotonic() + PATIENCE
    while worker.is_alive() and time.monotonic() < give_up:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(worker.ident or 0), ctypes.py_object(TookTooLong)
        )
        worker.join(REPEAT)
