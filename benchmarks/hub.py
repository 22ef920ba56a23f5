"""A class on a real JupyterHub: `python -m benchmarks.hub [--students N] [--accounts os]`.

The students come in at once, each in a browser of its own: they log in, start their servers, lock
predictions, run a chapter from top to bottom, move an explorer and save.  Prints what a student's
server and kernel take of the computer, and says whether any record held what was another's; kept
in `benchmarks/hub.json`.  Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import permutations
from pathlib import Path

import psutil

from rsi_teach.learn.journal import Entry
from tools.hub import Accounts, Hub, Student, Visit, all_at_once, as_user, jupyter_hub

KEPT = Path(__file__).with_suffix(".json")
MIB = 2**20
HUB = ""  # whose the hub's own processes are: the hub and its proxy


@dataclass(kw_only=True)
class Use:
    """What one student's server and kernels took, at most, as far as one second shows it.

    Memory in MiB: `pss` shares out what processes have in common, `rss` counts it each time.
    """

    pss: float = 0.0
    rss: float = 0.0
    cpu_s: float = 0.0


@dataclass(kw_only=True)
class Trial:
    """What a class's visit came to."""

    accounts: Accounts
    chapter: str
    wall_s: float
    students: list[Use]
    hub: Use
    together: float
    """The most that everybody took at one moment, hub included: PSS, MiB."""
    wrong: list[str]


@dataclass
class Meter:
    """Looks every second at the processes under a hub, while a with block lasts."""

    process: int
    use: defaultdict[str, Use] = field(default_factory=lambda: defaultdict(Use))
    together: float = 0.0
    threads: set[str | None] = field(default_factory=set)
    """What the kernels' numerical library is told about threads."""

    def __enter__(self) -> Meter:
        """Begin to look."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            self.look()

    def look(self) -> None:
        """Take one sample."""
        now: defaultdict[str, Use] = defaultdict(Use)
        hub = psutil.Process(self.process)
        for process in [hub, *hub.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile
                self._add(process, now)
        for name, seen in now.items():
            most = self.use[name]
            most.pss, most.rss = max(most.pss, seen.pss), max(most.rss, seen.rss)
            most.cpu_s = max(most.cpu_s, seen.cpu_s)
        self.together = max(self.together, sum(seen.pss for seen in now.values()))

    def _add(self, process: psutil.Process, now: defaultdict[str, Use]) -> None:
        memory, time_used = process.memory_full_info(), process.cpu_times()
        told = process.environ()
        if any("ipykernel" in word for word in process.cmdline()):
            self.threads.add(told.get("OPENBLAS_NUM_THREADS"))
        whose = now[told.get("JUPYTERHUB_USER", HUB)]
        whose.pss += memory.pss / MIB
        whose.rss += memory.rss / MIB
        whose.cpu_s += sum(time_used[:4])  # its own, and of children that ended


def trial(count: int, chapter: str, accounts: Accounts) -> Trial:
    """Let a class come in at once, and look at what it took and at whether all went well."""
    with jupyter_hub(count, accounts) as hub:
        begun = time.monotonic()
        with Meter(hub.process) as meter:
            visits = all_at_once(hub, chapter)
        wall = time.monotonic() - begun
        meter.look()
        wrong = [
            f"{one.name}: {what}"
            for one, v in zip(hub.students, visits, strict=True)
            for what in v.wrong
        ]
        wrong += mixed(hub, visits)
        if accounts == "os":
            wrong += readable(hub)
    if meter.threads != {"1"}:
        wrong.append(f"the kernels were told {meter.threads} about threads, not 1")
    return Trial(
        accounts=accounts,
        chapter=chapter,
        wall_s=wall,
        students=[meter.use[student.name] for student in hub.students],
        hub=meter.use[HUB],
        together=meter.together,
        wrong=wrong,
    )


def mixed(hub: Hub, visits: list[Visit]) -> list[str]:
    """Which records hold anything but what their own student typed."""
    return [
        f"{student.name}: the record does not hold exactly what was typed"
        for student, visit in zip(hub.students, visits, strict=True)
        if _predicted(student) != visit.typed
    ]


def _predicted(student: Student) -> dict[str, list[str]]:
    return {
        entry.key: _as_typed(entry) for entry in student.entries() if entry.kind == "prediction"
    }


def _as_typed(entry: Entry) -> list[str]:
    said = entry.payload
    ends = [100 * said["probability"]] if "probability" in said else [said["low"], said["high"]]
    return [f"{end:g}" for end in ends]


def readable(hub: Hub) -> list[str]:
    """Which students, as users of this computer, read another's record, or not their own."""
    lost = [one.name for one in hub.students if not as_user(one, "cat", str(one.journal))]
    seen = [
        f"{one.name} reads the record of {other.name}"
        for one, other in permutations(hub.students, 2)
        if as_user(one, "cat", str(other.journal))
    ]
    return [*(f"{name} cannot read its own record" for name in lost), *seen]


def table(done: Trial) -> str:
    """The trial in words and figures."""
    lines = [
        f"{len(done.students)} students at once, chapter {done.chapter}, accounts: {done.accounts},"
        f" {os.cpu_count()} cores: {done.wall_s:.0f} s",
        "",
        "| a student's server and kernel | median | largest |",
        "|---|---|---|",
    ]
    for what, unit in (("pss", "MiB"), ("rss", "MiB"), ("cpu_s", "s")):
        each = sorted(getattr(use, what) for use in done.students)
        lines.append(f"| {what}, {unit} | {each[len(each) // 2]:.0f} | {each[-1]:.0f} |")
    lines += [
        "",
        f"Hub and proxy: {done.hub.pss:.0f} MiB, {done.hub.cpu_s:.0f} s of CPU."
        f" Everything at its largest: {done.together:.0f} MiB.",
        *(done.wrong or ["All succeeded, and no record held what was another's."]),
    ]
    return "\n".join(lines)


def main() -> int:
    """Run a trial, print it and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--chapter", default="02_loop")
    parser.add_argument(
        "--accounts",
        choices=("simple", "os"),
        default="simple",
        help="os: make a user of this computer for each, and remove them again (as root)",
    )
    options = parser.parse_args()
    done = trial(options.students, options.chapter, options.accounts)
    print(table(done))
    KEPT.write_text(json.dumps(asdict(done), indent=1) + "\n")
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
