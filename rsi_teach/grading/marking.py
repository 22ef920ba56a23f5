"""What nbgrader does with a submission in this course: named in `nbgrader_config.py`.

nbgrader runs a whole submission, its own code and the checks, in one process, and takes the word
of that process for the result. Here the submission's process only answers calls; the check runs
in nbgrader's own process, with cases that the submission's has never seen.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from multiprocessing.connection import Connection
from socket import AF_UNIX, SHUT_RDWR, socket
from typing import Any

import numpy as np
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Float, Instance, Int

from rsi_teach.grading.classroom import SCHEMA, asked, grade_id, with_points
from rsi_teach.grading.confined import Limits, Quarters, quarters
from rsi_teach.grading.wire import introduced
from rsi_teach.learn.answers import CannotBeChecked
from rsi_teach.learn.bounded import TookTooLong, bounded
from rsi_teach.learn.checker import Checker, Outcome, Verdict
from rsi_teach.learn.exercises import exercise

PATIENCE = 3  # times a check's own limit: every call crosses a socket, and machines are busy
MOST_OUTPUT = 2_000_000  # characters of JSON that one cell may add to the notebook


def without_html(source: str) -> str:
    """Render Markdown for the feedback page, where nbgrader's template cleans outputs only.

    Parameters
    ----------
    source : str
        A cell of a submission, or a comment.
    """
    renderer = IPythonRenderer(escape=True, allow_harmful_protocols=False)
    return MarkdownWithMath(renderer=renderer).render(source)


class Recognise(NbGraderPreprocessor):
    """Take what learners hand in: ordinary exercises, and cells that they copied or brought along.

    Replaces `DeduplicateIds`, which leaves a copied cell with empty metadata. nbgrader takes that
    for an old version's, and stops marking the whole class.
    """

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Give each cell that nbgrader knows its metadata, the last where there are several."""
        this = resources["nbgrader"]
        with Gradebook(this["db_url"]) as book:
            source = book.find_notebook(this["notebook"], this["assignment"])
            missing = {cell.name for cell in source.source_cells}
        for cell in reversed(nb.cells):
            marks = cell.metadata.pop("nbgrader", {})
            if grade_id(asked(cell)) in missing:
                marks = with_points(cell)["metadata"]["nbgrader"]
            if marks.get("grade_id") in missing:
                missing.remove(marks["grade_id"])
                cell.metadata["nbgrader"] = NotebookNode({**marks, "schema_version": SCHEMA})
        return nb, resources


class ConfinedKernel(AsyncKernelManager):
    """A kernel in quarters of its own."""

    quarters = Instance(Quarters)

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command of the course's own kernel, whatever a notebook says that it wants."""
        kernel = [self.quarters.python, "-m", "ipykernel_launcher", "-f", self.connection_file]
        return [*kernel, *(extra_arguments or [])]

    def write_connection_file(self, **options: Any) -> None:
        """Write it where the kernel's account can read it."""
        super().write_connection_file(**options)
        self.quarters.give(self.connection_file)


class Mark(Execute):
    """Run a submission confined, and mark each of its checks in this process."""

    seed = Int(help="Draws the hidden cases; secret, and the same for a whole class.").tag(
        config=True
    )
    gigabytes = Float(4.0, help="Memory of one submission.").tag(config=True)
    cpu_seconds = Int(120, help="Processor time of one notebook.").tag(config=True)
    notebook_seconds = Int(300, help="Wall clock of one notebook.").tag(config=True)
    as_myself = Bool(False, help="Run submissions under your own account.").tag(config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"kernel_manager_class": ConfinedKernel, **options})

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Run the notebook in quarters that are cleared afterwards."""
        limits = Limits(memory=int(self.gigabytes * (1 << 30)), cpu=self.cpu_seconds)
        self.ends = time.monotonic() + self.notebook_seconds
        self.stopped = ""
        with quarters(limits, as_myself=self.as_myself) as self.quarters:
            return super().preprocess(nb, resources)

    def create_kernel_manager(self) -> ConfinedKernel:
        """Return a kernel manager that keeps its files in the quarters."""
        manager = super().create_kernel_manager()
        manager.quarters = self.quarters
        manager.connection_file = str(self.quarters.lobby / "kernel.json")
        return manager

    def setup_kernel(self, **options: Any) -> AbstractContextManager[None]:
        """Start the kernel as the quarters say."""
        return super().setup_kernel(**options, **self.quarters.popen())

    def preprocess_cell(self, cell: NotebookNode, resources: Any, index: int) -> Any:
        """Run a cell; if it is a check, mark it."""
        key = asked(cell)
        if key and "points" in cell.metadata.get("nbgrader", {}):
            verdicts = self._verdicts(cell, index, exercise(key).checker)
            cell.outputs = list(_written(verdicts, cell.metadata.nbgrader.points))
        else:
            self._run(cell, index, self.timeout)
        return cell, resources

    def process_message(self, msg: Any, cell: NotebookNode, cell_index: int) -> Any:
        """Take in what the kernel says, as long as it is not endless."""
        self.said += len(str(msg["content"]))
        if self.said > MOST_OUTPUT and msg["msg_type"] != "status":
            return None
        return super().process_message(msg, cell, cell_index)

    def _run(self, cell: NotebookNode, index: int, seconds: float) -> None:
        """Run one cell for so long, unless the kernel is dead or the notebook's time is up."""
        self.said = 0
        left = self.ends - time.monotonic()
        self.timeout_func = lambda _cell: int(min(seconds, left)) + 1
        if left <= 0:
            self.stopped = f"The notebook had run for {self.notebook_seconds} s and was stopped."
        if self.stopped or cell.cell_type != "code":
            return
        try:
            super().preprocess_cell(cell, self.resources, index)
        except DeadKernelError:
            self.stopped = (
                "The notebook's process had ended by itself, or was stopped because it used more"
                f" than {self.cpu_seconds} s of processor time."
            )

    def _verdicts(
        self, cell: NotebookNode, index: int, checker: type[Checker]
    ) -> tuple[Verdict, ...]:
        """Let the submission's process serve its answer, and judge it from here meanwhile."""
        door = str(self.quarters.lobby / f"door-{index}")
        served = cell.copy()
        served.source = (
            "from rsi_teach.grading.wire import serve as __serve\n"
            f"__serve({door!r}, {checker.seconds}, {cell.source.partition('.check(')[2]}"
        )
        with socket(AF_UNIX) as listening, ThreadPoolExecutor(1) as pool:
            listening.bind(door)
            listening.listen()
            self.quarters.give(door)
            judging = pool.submit(_judged, listening, checker, self.seed)
            self._run(served, index, 2 * PATIENCE * checker.seconds)
            listening.shutdown(SHUT_RDWR)  # wakes a judge whom nobody came to see
            verdicts = judging.result()
        self.nb.cells[index] = cell  # nbclient had put `served` there
        return verdicts or (checker.unread(self.stopped or _error(served)),)


def _judged(listening: socket, checker: type[Checker], seed: int) -> tuple[Verdict, ...]:
    """The verdicts on the submission that comes; none, if none does or it says nothing."""
    try:
        visitor, _ = listening.accept()
    except OSError:
        return ()
    with visitor, Connection(os.dup(visitor.fileno())) as submission:
        try:
            return tuple(_verdicts(submission, checker, seed))
        except (CannotBeChecked, TookTooLong):
            return ()
        finally:
            with suppress(OSError):
                visitor.shutdown(SHUT_RDWR)  # ends a call that still waits for an answer


def _verdicts(submission: Connection, checker: type[Checker], seed: int) -> Iterator[Verdict]:
    """The verdict on the cases that everybody knows and, if it holds, on the hidden ones."""
    patience = PATIENCE * checker.seconds
    answer = bounded(lambda: introduced(submission, checker().asks), patience)
    known = checker.judge(answer, seconds=patience)
    yield known
    if known.outcome is Outcome.HOLDS and checker.draw is not None:
        secret = hashlib.sha256(f"{seed} {checker.key}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(secret))
        yield checker.hidden(rng).judge(answer, seconds=patience)


def _error(cell: NotebookNode) -> str:
    """Why a cell did not get as far as serving its answer."""
    errors = [f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"]
    return "The cell could not be run. " + "".join(errors[:1])


def _written(verdicts: tuple[Verdict, ...], points: float) -> Iterator[NotebookNode]:
    """A cell's outputs: the verdicts in our words, then the points, which nbgrader reads."""
    for verdict in verdicts:
        yield new_output("display_data", data=verdict._repr_mimebundle_())
    held = [verdict.outcome is Outcome.HOLDS for verdict in verdicts]
    score = points * sum(held) / len(held)
    yield new_output("execute_result", data={"text/plain": f"{score:g}"})
