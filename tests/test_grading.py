"""A class is graded from zero to a table by the guide's own commands, with submissions that try.

Nothing here is simulated: nbgrader's commands run in processes of their own, every submission in a
real kernel. Only root can run them as nobody; elsewhere they run as whoever tests, and the tests
of what that keeps them from are skipped.
"""

import csv
import html
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Listener
from pathlib import Path

import numpy as np
import psutil
import pytest

from rsi_teach import cli
from rsi_teach.grading import classroom, confined, wire
from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.checker import Outcome
from rsi_teach.learn.exercises import checkers, exercise

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "course" / "teaching" / "grading.md"
CHAPTER = "13_independence"
NOTEBOOK = f"{CHAPTER}.ipynb"
CHECKERS = [checker for chapter in CHAPTERS.values() for checker in checkers(chapter).values()]
POINTS = {"13.1": 2, "13.2": 4, "13.3": 4, "13.4": 6}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading is for Linux")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can run code as nobody"
)

SLIPS = """
def all_miss(checks, miss, correlation):
    chance = miss
    for j in range(1, min(checks, 60)):
        chance *= ((1 - correlation) * miss + j * correlation) / (1 - correlation + j * correlation)
    return chance
"""
PRODUCT = "def all_miss(checks, miss, correlation):\n    return miss**checks"
LOOP = "import time\ndef all_miss(*panel):\n    while True:\n        time.sleep(0.01)"
CRASH = "import os\nos._exit(3)"
# Says that everything holds, in every place of its own process that could be asked.
PATCH = """
from rsi_teach.learn import checker, exercises
yes = checker.Outcome.HOLDS
held = checker.Verdict(heading="13.1: holds", outcome=yes, message="holds", cases=8)
checker.Checker.judge = classmethod(lambda cls, answer: held)
exercises.Exercise.check = lambda self, answer: held
checker.Checker.agree = checker.Checker.expect = lambda *rest, **more: None
print("2")
def all_miss(checks, miss, correlation):
    return 0.5
"""
IMPORT = "from rsi_teach.learn.checkers.independence import BestSet\nchoose = BestSet.right[0]"
FLOOD = "for _ in range(40):\n    print('flood' * 20_000, flush=True)"
SCRIPT = "from IPython.display import HTML\nHTML('<script>alert(1)</script><b>marked up</b>')"
MARKDOWN = "[*here*](javascript:alert(2)) <script>alert(3)</script>\n\n<img src=x onerror=alert(4)>"
# What a learner tries in cells of their own: a check twice, one that is not, another chapter's.
SCRATCH = [
    {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}
    for source in (
        'exercise("13.1").check(all_miss)',
        'exercise("13.9").check(7)',
        'exercise("12.1").check(7)',
    )
]
SPY = """
import os, pathlib, resource
import numpy as np
folder = {folder!r}
found = []
def attempt(what, work):
    try:
        found.append(f"{{what}}: {{work()!r:.60}}")
    except BaseException as error:
        found.append(f"{{what}}: refused, {{type(error).__name__}}")
for name in ("gradebook.db", "hidden-cases.seed", "source/{chapter}/{notebook}",
             "submitted/right/{chapter}/{notebook}"):
    attempt(name, lambda: pathlib.Path(folder, name).read_bytes())
attempt("list", lambda: os.listdir(folder))
attempt("above", lambda: os.listdir(".."+"/.." * 3 + folder))
attempt("write", lambda: pathlib.Path(folder, "mine").write_text("mine"))
attempt("course", lambda: pathlib.Path({root!r}, "mine").write_text("mine"))
attempt("grader", lambda: pathlib.Path("/proc", str(os.getppid()), "environ").read_bytes())
attempt("signal", lambda: os.kill(os.getppid(), 0))
attempt("memory", lambda: np.empty(6 << 27))
attempt("lobby", lambda: pathlib.Path("../mine").write_text("mine"))
attempt("door", lambda: os.rename("../kernel.json", "kernel.json"))
attempt("file", lambda: open("big", "wb").truncate(100 << 20))
attempt("processes", lambda: resource.getrlimit(resource.RLIMIT_NPROC))
attempt("time", lambda: resource.getrlimit(resource.RLIMIT_CPU))
for shelf in os.listdir("/proc/self/fd"):
    up = f"/proc/self/fd/{{shelf}}/" + "../" * 12 + folder
    attempt(f"shelf {{shelf}}", lambda: os.listdir(up))
attempt("secret", lambda: os.environ["GRADERS_SECRET"])
attempt("own folder", lambda: pathlib.Path("mine").write_text("mine"))
if os.fork() == 0:
    os.setsid()
    os.execvp("sleep", ["sleep", "987654"])
print("\\n".join(found))
print("account:", os.geteuid(), os.getgroups())
"""


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def solved():
    """The right answers, by the id of their cells."""
    cells = read(ROOT / "solutions" / NOTEBOOK)["cells"]
    return {c["id"]: c["source"] for c in cells if c["id"].startswith("answer-")}


def guide_commands():
    """What the guide says to type, block by block."""
    return re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S)


class Class:
    """A folder of the guide's, in a home of its own."""

    def __init__(self, home):
        self.home, self.folder = home, home / "rsi-class"
        self.said = ""

    def type(self, commands):
        """Run lines of the guide in a shell, each in turn, until one fails."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {k: v for k, v in os.environ.items() if not k.startswith("NBGRADER")}
        environment = {**kept, "HOME": str(self.home), "PATH": path, "GRADERS_SECRET": "s"}
        done = subprocess.run(
            ["sh", "-ec", commands], cwd=self.folder if self.folder.exists() else self.home,
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said = done.stdout
        assert done.returncode == 0, done.stdout[-4000:]

    def submit(self, name, answers, origin, more=()):
        """Put a notebook with these answers where the guide says."""
        book = read(origin)
        book["cells"] += [{**cell, "id": f"more-{place}"} for place, cell in enumerate(more)]
        for cell in book["cells"]:
            cell["source"] = answers.get(cell["id"], cell["source"])
        place = self.folder / "submitted" / name / CHAPTER
        place.mkdir(parents=True)
        (place / NOTEBOOK).write_text(json.dumps(book))

    def scores(self):
        with (self.folder / "grades.csv").open() as table:
            return {line["student_id"]: float(line["score"]) for line in csv.DictReader(table)}

    def page(self, name):
        return self.folder / "feedback" / name / CHAPTER / f"{CHAPTER}.html"

    def feedback(self, name):
        return html.unescape(self.page(name).read_text("utf-8"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class, after every command of the guide."""
    group = Class(tmp_path_factory.mktemp("home"))
    hand_out, mark = guide_commands()
    group.type(hand_out)
    release = group.folder / "release" / CHAPTER / NOTEBOOK
    ordinary = ROOT / "exercises" / NOTEBOOK
    right = solved()
    first = "answer-13-1"
    spy = SPY.format(folder=str(group.folder), chapter=CHAPTER, notebook=NOTEBOOK, root=str(ROOT))
    group.submit("right", right, ordinary, SCRATCH)
    copied = {c["id"]: c for c in read(release)["cells"]}
    group.submit("slips", {**right, first: SLIPS}, release, [copied["check-13-4"]])
    group.submit("wrong", {**right, first: PRODUCT}, release)
    group.submit("untouched", {}, release)
    group.submit("crashing", {**right, "answer-13-2": CRASH}, release)
    group.submit("looping", {**right, first: LOOP}, release)
    hostile = {first: PATCH + spy, "answer-13-2": IMPORT, "answer-13-3": FLOOD,
               "answer-13-4": SCRIPT}  # fmt: skip
    marked_up = {"cell_type": "markdown", "metadata": {}, "source": MARKDOWN}
    group.submit("hostile", hostile, release, [marked_up])
    if os.geteuid():
        config = group.folder / classroom.CONFIG
        config.write_text(config.read_text() + "\nc.Mark.as_myself = True\n")
    group.type(mark)
    return group


def test_scores_tell_seven_students_apart(graded):
    everything = sum(POINTS.values())
    assert graded.scores() == {
        "right": everything,
        "slips": everything - POINTS["13.1"] / 2,
        "wrong": everything - POINTS["13.1"],
        "looping": everything - POINTS["13.1"],
        "crashing": POINTS["13.1"],
        "untouched": 0,
        "hostile": POINTS["13.2"],
    }


def test_feedback_shows_our_words_and_not_a_bare_assert(graded):
    known = "13.1 All of them miss: "
    hidden = "13.1 All of them miss, hidden cases: "
    words = {
        "right": (f"{known}holds", f"{hidden}holds"),
        "slips": (f"{known}holds", f"{hidden}does not hold", "At <code>all_miss("),
        "wrong": (f"{known}does not hold", "That is the product of the rates."),
        "untouched": (f"{known}not attempted", "There is no answer here yet."),
        "looping": ("took longer than 10 s and was stopped. What ends its loops?",),
        "crashing": ("13.2 Evaluators under a budget: cannot be checked", "had ended by itself"),
    }
    for name, expected in words.items():
        page = graded.feedback(name)
        assert all(part in page for part in expected), name
        assert "AssertionError" not in page and "__serve" not in page, name
    assert hidden not in graded.feedback("wrong")


def test_a_submission_floods_nobody_and_runs_no_script_in_the_feedback(graded):
    page = graded.page("hostile").read_text("utf-8")
    assert 0 < page.count("flood") < 2_000_000 / len("flood")
    assert "<script>alert" not in page and "<b>marked up</b>" in page
    assert "<em>here</em>" in page and "<img" not in page and 'href="javascript:' not in page


LIMITS = """
import os
from nbformat import v4
from rsi_teach.grading import marking
from rsi_teach.learn.exercises import exercise

exercise("13.1").checker.seconds = 0.2
marks = {{"nbgrader": {{"points": 2}}}}

def run(*sources, **limits):
    cells = [v4.new_code_cell(source) for source in sources]
    cells.append(v4.new_code_cell('exercise("13.1").check(7)', metadata=marks))
    book = v4.new_notebook(cells=cells)
    marking.Mark(as_myself={as_myself}, **limits).preprocess(book, {{}})
    print(*(f"{{out}}" for cell in book.cells for out in cell.outputs), "=====", sep="\\n")

after = "print('after' + 'wards')"
nap = "import time; time.sleep(600)"
silent = '''
from multiprocessing.connection import Client
from rsi_teach.grading import wire
def serve(door, *rest):
    global kept
    kept = [Client(door, family="AF_UNIX") for _ in range(9)]
wire.serve = serve
'''
run(nap, after, silent, timeout=1)
run(nap, after, notebook_seconds=1)
run("while True: pass", after, cpu_seconds=2)

checker = exercise("13.1").checker
drawn = []
marking.introduced = lambda *_: lambda *panel: drawn.append(panel) or checker.right[0](*panel)
for seed in (1, 1, 2):
    [*marking._verdicts(None, checker, seed)]
count = len(drawn) // 3
print(drawn[:count] == drawn[count:-count] != drawn[-count:])
"""


def test_time_is_limited_by_every_setting_and_the_hidden_cases_follow_the_seed():
    """By small values of what stands in `nbgrader_config.py`; no submission keeps the grader."""
    code = [sys.executable, "-c", LIMITS.format(as_myself=os.geteuid() != 0)]
    told = subprocess.check_output(code, text=True, timeout=300).split("=====")
    by_cell, by_notebook, by_processor, seeded = told
    assert "CellTimeoutError" in by_cell and "afterwards" in by_cell
    assert "The cell could not be run." in by_cell
    assert "The notebook had run for 1 s and was stopped." in by_notebook
    assert "more than 2 s of processor time" in by_processor
    assert "afterwards" not in by_notebook + by_processor
    assert seeded.strip() == "True"


@as_root
def test_a_submission_reaches_nothing_of_the_graders(graded):
    page = graded.feedback("hostile")
    told = dict(re.findall(r"^([\w./ -]+): (.*)$", page, re.M))
    assert told["own folder"] == "4"
    refused = {what: how for what, how in told.items() if "refused" in how}
    assert {"gradebook.db", "list", "above", "write", "grader", "signal"} <= set(refused)
    assert {"lobby", "door", "file"} <= set(refused)
    shelves = {what for what in told if what.startswith("shelf")}
    assert len(shelves) > 3 and shelves <= set(refused)
    assert told["processes"] == "(128, 128)" and told["time"] == "(120, 120)"
    for what in ("hidden-cases.seed", f"source/{CHAPTER}/{NOTEBOOK}",
                 f"submitted/right/{CHAPTER}/{NOTEBOOK}", "course"):  # fmt: skip
        assert refused[what] == "refused, PermissionError"
    assert "MemoryError" in refused["memory"] and "KeyError" in refused["secret"]
    (account,) = re.findall(r"^account: (\d+) \[\]", page, re.M)
    assert int(account) in confined.SPARE_ACCOUNTS
    alive = [p for p in psutil.process_iter(["uids"]) if p.status() != psutil.STATUS_ZOMBIE]
    assert int(account) not in {process.info["uids"].real for process in alive}
    assert not list(Path(tempfile.gettempdir()).glob("submission-*"))


def test_patching_the_checker_earns_nothing_and_importing_its_answer_everything(graded):
    """The guide says both."""
    page = graded.feedback("hostile")
    assert "13.1 All of them miss: does not hold" in page
    assert "13.2 Evaluators under a budget: holds" in page
    assert "from rsi_teach.learn.checkers" in GUIDE.read_text("utf-8")


def test_the_class_is_nobody_elses_and_nothing_in_it_is_overwritten(tmp_path):
    folder = tmp_path / "class"
    written = classroom.open_classroom(folder, [CHAPTER])
    assert folder.stat().st_mode & 0o777 == 0o700 and len(written) == 3
    for path in written:
        path.write_text("changed by the instructor")
    assert classroom.open_classroom(folder, [CHAPTER]) == []
    assert {path.read_text() for path in written} == {"changed by the instructor"}


def test_what_is_handed_out_is_the_ordinary_exercise(graded):
    handed = read(graded.folder / "release" / CHAPTER / NOTEBOOK)
    ordinary = read(ROOT / "exercises" / NOTEBOOK)
    for one, other in zip(handed["cells"], ordinary["cells"], strict=True):
        assert "".join(one["source"]) == "".join(other["source"])
        assert one["id"] == other["id"] and not one.get("outputs")


def test_every_exercise_carries_points_in_every_assignment():
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        cells = classroom.assignment(read(path))["cells"]
        marks = [c["metadata"]["nbgrader"] for c in cells if classroom.asked(c)]
        assert [m["grade_id"] for m in marks] == [
            f"check-{key.replace('.', '-')}" for key in checkers(CHAPTERS[int(path.name[:2])])
        ]
        assert all(m["points"] > 0 and m["locked"] for m in marks)


def test_a_chapter_without_exercises_is_named(tmp_path, capsys):
    from rsi_teach.grading.__main__ import main

    assert main([str(tmp_path / "class"), "17_capstone"]) == 1
    assert "'17_capstone' has no exercises: choose from 01_progress," in capsys.readouterr().err
    assert not (tmp_path / "class").exists()


# --- checks from another process ------------------------------------------------------------------


def judged(checker, answer, limit=30.0):
    """What `Mark` makes of an answer: served in the main thread, as a kernel does."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        door = f"{folder}/door"
        with Listener(door, family="AF_UNIX") as listener:

            def judge():
                with listener.accept() as submission:
                    met = wire.introduced(submission, checker().asks)
                    return checker.judge(met, seconds=300)

            judging = pool.submit(judge)
            wire.serve(door, limit, answer)
            return judging.result()


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda c: c.key)
def test_a_right_answer_holds_over_the_wire(checker):
    verdict = judged(checker, checker.right[0])
    assert verdict.outcome is Outcome.HOLDS, verdict


# One for every sort of thing that crosses: arrays, records, noise, words, things that keep count.
SORTS = ("01.3", "01.4", "02.1", "05.4", "06.3", "07.4", "08.2", "10.2", "10.3", "13.3", "13.4")


@pytest.mark.parametrize("key", SORTS)
def test_it_is_judged_over_the_wire_as_at_home(key):
    checker = exercise(key).checker
    wrong = next(iter(checker.wrong.values()))[0]
    for answer in (wrong, ..., 7, lambda *rest: None, lambda *rest: print, lambda: 1 / 0):
        here, there = checker.judge(answer, seconds=300), judged(checker, answer)
        assert (there.outcome, there.cases) == (here.outcome, here.cases)
        if here.outcome is not Outcome.CANNOT_BE_CHECKED:
            assert there.message == here.message


def test_a_call_that_never_ends_is_stopped_where_it_runs():
    verdict = judged(exercise("13.1").checker, lambda *panel: [0 for _ in iter(int, 1)], limit=0.2)
    assert (
        verdict.outcome is Outcome.CANNOT_BE_CHECKED and "What ends its loops?" in verdict.message
    )


def test_what_comes_back_is_never_unpickled(monkeypatch):
    """A submission may send anything; the grader's side reads JSON and nothing else."""
    values = [1, 0.5, True, None, "x", (1, [2.0]), {"a": {3}}, np.arange(6).reshape(2, 3) > 2]
    for value in values:
        there = wire.unpacked(json.loads(json.dumps(wire.packed(value))))
        assert repr(there) == repr(value) and type(there) is type(value)
    odd = wire.unpacked(wire.packed(print))
    assert isinstance(odd, wire.Stranger) and "print" in repr(odd)
    forged = {"record": {"bandwidth": 1}}
    assert isinstance(wire.unpacked(forged), wire.Stranger)


@pytest.mark.parametrize("said", [
    b"no json", b"[]", b"{}", b'{"value": {"array": [1], "shape": [9], "kind": "<f8"}}',
    b'{"value": {"array": ["x"], "shape": [1], "kind": "O"}}', b'{"failed": 5}',
    b"cpytest\nfail\n(S'unpickled'\ntR.",
    b'{"look": [1, "x"]}', b'{"look": [0, "__class__"]}', b'{"call": []}',
    b'{"value": ' + b"[" * 5000 + b"]" * 5000 + b"}",
])  # fmt: skip
def test_whatever_a_submission_says_the_judge_comes_to_a_verdict(said):
    near, far = multiprocessing.Pipe()
    with near, far:
        for message in (b'{"name": "f"}', said):
            far.send_bytes(message)
        checker = exercise("13.1").checker
        hanging_up = threading.Timer(0.2, far.close)
        hanging_up.start()
        verdict = checker.judge(wire.introduced(near, checker().asks))
        hanging_up.join()
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
    assert "The checker itself failed" not in verdict.message


def test_a_lent_argument_shows_nothing_private_and_a_given_one_nothing():
    oracle = exercise("08.2").checker().asks.example[0]
    assert wire._walked((oracle,), (0, "left")) == oracle.left
    for way in ((0, "_labels"), (0, "score", "__self__", "_labels")):
        with pytest.raises(AttributeError):
            wire._walked((oracle,), way)
    with pytest.raises(AttributeError, match="given, not lent"):
        wire._walked((1.5,), (0, "real"))


# --- hidden cases ---------------------------------------------------------------------------------

DRAWN = [checker for checker in CHECKERS if checker.draw]


@pytest.mark.parametrize("checker", DRAWN, ids=lambda c: c.key)
def test_hidden_cases_let_every_right_answer_through_and_stop_wrong_ones(checker):
    def hidden(seed=1):
        return checker.hidden(np.random.default_rng(seed))

    for answer in checker.right:
        for seed in range(2):
            verdict = hidden(seed).judge(answer, seconds=300)
            assert verdict.outcome is Outcome.HOLDS and verdict.cases == 20, verdict
    wrong = [answer for answer, _ in checker.wrong.values()]
    caught = [hidden().judge(answer, seconds=300).outcome for answer in wrong]
    assert Outcome.HOLDS not in caught
    assert hidden().title == f"{checker.title}, hidden cases"


def test_the_hidden_cases_depend_on_the_seed():
    first = exercise("13.1").checker.draw
    one, same, other = (first(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


# --- nbgrader without our settings ----------------------------------------------------------------


def test_under_plain_nbgrader_a_check_that_does_not_hold_fails_its_cell(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="That is the product of the rates"):
        exercise("13.1").check(lambda checks, miss, correlation: miss**checks)
    assert exercise("13.1").check(exercise("13.1").checker.right[0]).outcome is Outcome.HOLDS
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert exercise("13.1").check(lambda *panel: 0.5).outcome is Outcome.DOES_NOT_HOLD


def test_without_root_nothing_is_run_as_yourself_unless_you_say_so(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    refused = pytest.raises(PermissionError, match=r"c\.Mark\.as_myself = True")
    with refused, confined.quarters(confined.Limits()):
        pass
    with confined.quarters(confined.Limits(), as_myself=True) as place:
        assert "user" not in place.popen() and place.python == sys.executable


# --- the learner's JupyterLab ---------------------------------------------------------------------


ENABLED = """
import json, sys
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
from jupyterlab_server.config import get_page_config

found = ExtensionConfigManager(read_config_path=jupyter_config_path())
server = [name for name, on in found.get_jpserver_extensions().items() if on]
page = get_page_config([f"{sys.prefix}/share/jupyter/labextensions"])
lab = {each["name"] for each in page["federated_extensions"]} - {*page["disabledExtensions"]}
print(json.dumps([*server, *lab]))
"""


def test_a_learners_jupyterlab_has_nothing_of_nbgraders(monkeypatch, tmp_path):
    """Its extension would add a menu, a panel and seconds to the start of every course."""

    def enabled():
        return {*json.loads(subprocess.check_output([sys.executable, "-c", ENABLED]))}

    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    before = enabled()
    monkeypatch.setattr(os, "execv", lambda *command: sys.exit())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli._hand_over([sys.executable], tmp_path)
    after = enabled()
    assert len([name for name in before - after if "nbgrader" in name]) == 5
    assert not any("nbgrader" in name for name in after)
    assert {"jupyterlab", "anywidget"} <= after
