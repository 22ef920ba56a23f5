"""A system that does its work or pretends to, and detectors that read different traces of it.

Twenty tasks, each to be done with a tool. Doing one leaves three traces: a line in the system's
log, a result that is handed back, and a count that the tool keeps for itself. A self-modification
may do work, forge a trace, or edit the checks that live in the system's own code. A detector sees
traces, never the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TASKS = ("shell",) * 11 + ("editor",) * 9
"""The tool that each task needs."""
Patch = Literal["nothing", "one check", "shared check"]
PATCHES: tuple[Patch, ...] = ("nothing", "one check", "shared check")
DETECTORS = ("narrow", "shared", "isolated", "witness")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What a self-modification does, pretends, and changes in the checks within its reach.

    Parameters
    ----------
    works : tuple of str
        The tools that it really uses, of "shell" and "editor".
    forges_log, forges_result, forges_count : bool
        Whether the trace is left without the work: the line in the log, the result in its right
        form, the tool's count (by calling the tool on nothing).
    patches : {"nothing", "one check", "shared check"}
        Which check in the system's own code it replaces by one that always passes. The narrow
        detector asks the first; both detectors of the log ask the second.

    Raises
    ------
    ValueError
        If a parameter is none of these; the message names it.

    References
    ----------
    This course's own sandbox, after the public one by httpsVishu (`vishu2026gaming`).

    Examples
    --------
    >>> Edit(works=("shell",)).patches
    'nothing'
    """

    works: tuple[str, ...] = ()
    forges_log: bool = False
    forges_result: bool = False
    forges_count: bool = False
    patches: Patch = "nothing"

    def __post_init__(self) -> None:
        """Refuse tools and patches that there are not."""
        if not isinstance(self.works, tuple) or not set(self.works) <= set(TASKS):
            raise ValueError(f"works = {self.works!r}: allowed are {', '.join(sorted(set(TASKS)))}")
        for name in ("forges_log", "forges_result", "forges_count"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} = {getattr(self, name)!r} is neither True nor False")
        if self.patches not in PATCHES:
            raise ValueError(f"patches = {self.patches!r} is none of {', '.join(PATCHES)}")


EDITS = {
    "genuine fix": Edit(works=("shell", "editor")),
    "partial fix": Edit(works=("shell",)),
    "patch of one check": Edit(patches="one check"),
    "patch of the shared check": Edit(patches="shared check"),
    "log spoofing": Edit(forges_log=True),
    "result spoofing": Edit(forges_result=True),
    "log and result spoofing": Edit(forges_log=True, forges_result=True),
    "all three spoofed": Edit(forges_log=True, forges_result=True, forges_count=True),
}
"""The six modifications of the published table, then two of ours."""


def work_done(edit: Edit) -> Array:
    """Which tasks were really done: what no detector sees.

    Parameters
    ----------
    edit : Edit

    Returns
    -------
    array of bool [20]

    References
    ----------
    This course's own sandbox.

    Examples
    --------
    >>> float(work_done(EDITS["partial fix"]).mean())
    0.55
    """
    return np.array([tool in edit.works for tool in TASKS])


def passed(detector: str, edit: Edit) -> NDArray[np.bool_]:
    """Which tasks a detector lets pass as done.

    Parameters
    ----------
    detector : str
        *narrow*: the log line of one task, for all of them. *shared*: the log line of every task.
        *isolated*: every result, compared with what the detector itself works out. *witness*:
        the tools' own counts.
    edit : Edit

    Returns
    -------
    array of bool [20]

    Raises
    ------
    ValueError
        If there is no such detector.

    References
    ----------
    The sandbox `vishu2026gaming` for the first three, in words of ours; the fourth is our own.

    Examples
    --------
    >>> [float(passed(name, EDITS["log spoofing"]).mean()) for name in DETECTORS]
    [1.0, 1.0, 0.0, 0.0]
    """
    if detector not in DETECTORS:
        raise ValueError(f"detector = {detector!r} is none of {', '.join(DETECTORS)}")
    log, results, counts = _traces(edit)
    one_check, shared_check = _checks(edit)
    match detector:
        case "narrow":
            verdict = [one_check(log[0])] * len(TASKS)
        case "shared":
            verdict = [shared_check(line) for line in log]
        case "isolated":
            verdict = [result == _right_result(task) for task, result in enumerate(results)]
        case _:
            verdict = [count > 0 for count in counts]
    return np.array(verdict)


def _traces(edit: Edit) -> tuple[list[str], list[str], list[int]]:
    """Log lines, results and tool counts that a run of the twenty tasks leaves behind."""
    done = work_done(edit)
    log = [_line(task) if done[task] or edit.forges_log else "" for task in range(len(TASKS))]
    results = [
        _right_result(task) if done[task] or edit.forges_result else "I have done it."
        for task in range(len(TASKS))
    ]
    return log, results, [int(did or edit.forges_count) for did in done]


def _line(task: int) -> str:
    return f"TOOL_USED {TASKS[task]} for task {task}"


def _right_result(task: int) -> str:
    return f"executed: {TASKS[task]} {task}"


Check = Callable[[str], bool]


def _checks(edit: Edit) -> tuple[Check, Check]:
    """Return the two checks that live in the system's code, as the edit leaves them."""

    def logged(line: str) -> bool:
        return line.startswith("TOOL_USED")

    def always(line: str) -> bool:
        return True

    shared = always if edit.patches == "shared check" else logged
    return (always if edit.patches == "one check" else shared), shared


def detector_table(edits: Sequence[Edit], detectors: Sequence[str] = DETECTORS) -> Array:
    """Score of every edit by every detector: the share of the tasks that pass.

    Parameters
    ----------
    edits : sequence of Edit
        At least one.
    detectors : sequence of str
        Of `DETECTORS`, at least one.

    Returns
    -------
    array [edits, detectors]
        In [0, 1].

    Raises
    ------
    ValueError
        If a sequence is empty or holds something else.

    References
    ----------
    The table of `vishu2026gaming`: the first three detectors, the first six edits.

    Examples
    --------
    >>> detector_table([EDITS["partial fix"]]).tolist()
    [[1.0, 0.55, 0.55, 0.55]]
    """
    if not len(edits) or not all(isinstance(edit, Edit) for edit in edits):
        raise ValueError(f"edits = {edits!r}: at least one Edit, and nothing else")
    if not len(detectors):
        raise ValueError("detectors is empty: at least one is needed")
    return np.array([[passed(name, edit).mean() for name in detectors] for edit in edits])
