"""A small chapter in a real kernel: its faces as saved, and what a reader without one sees."""

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

from rsi_teach.explorer.faces import VIEW

CELLS = [
    """from rsi_teach.learn import (
    Claim, belief, claims, exercise, predict, reveal, show, show_source, interval_score
)""",
    'predict("99.months", "How many months?", unit="months")',
    'reveal("99.months", 4.9207)',
    'predict("99.sure", "Will it hold?", kind="probability").lock(0.7)',
    'reveal("99.sure", True)',
    'belief("00.trust")',
    """task = exercise("01.1")
task""",
    "task.check(...)",
    "def f(s, k, e):\n    while True:\n        s += 1\ntask.checker.judge(f, seconds=0.2)",
    "def g(start, rate, e):\n    return start / 0\ntask.check(g)",
    "show_source(interval_score)",
    """claims(Claim(claim="A claim.", kind="judgement", evidence="this", scope="here",
             would_change_our_mind="that"))""",
    "from matplotlib.figure import Figure\nshow(Figure(figsize=(2, 1)), 'An empty picture.')",
    "from rsi_teach.learn import open_journal\nlen(open_journal().entries())",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The notebook, executed."""
    import os
    from pathlib import Path

    import rsi_teach

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    env = {
        "RSI_TEACH_HOME": str(tmp_path_factory.mktemp("home")),
        "PYTHONPATH": str(Path(rsi_teach.__file__).resolve().parents[1]),
    }
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        ExecutePreprocessor(timeout=300, kernel_name="python3").preprocess(notebook, {})
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    return notebook


def face(run, cell, mime="text/plain"):
    """One face of the first output of a cell, which is the one that lasts."""
    return run.cells[cell].outputs[0]["data"][mime]


def test_a_prediction_carries_all_its_faces(run):
    still, live = (output["data"] for output in run.cells[1].outputs)
    assert still == {"text/plain": "How many months?", "text/html": "<div>How many months?</div>"}
    assert set(live) == {"text/plain", VIEW} and live["text/plain"] == ""


def test_answers_stand_in_the_plain_face_and_are_folded_in_the_other(run):
    assert "4.92 months" in face(run, 2)
    assert "No prediction recorded." in face(run, 2)
    assert face(run, 2, "text/html").startswith("<details>")
    assert "Locked in: 70 %." in face(run, 3)
    assert "Brier score 0.09" in face(run, 4)
    assert "<details>" not in face(run, 4, "text/html")
    assert "Is there enough trust yet?" in " ".join(face(run, 5).split())


def test_exercises_work_in_a_kernel(run):
    assert "Time to the singularity" in face(run, 6)
    assert "not attempted" in face(run, 7)
    assert "took longer than 0.2 s" in face(run, 8)  # the signal, in the kernel's main thread
    assert "on line 2: `return start / 0`" in face(run, 9)  # the cell's own source is quoted


def test_everything_has_words_and_nothing_failed(run):
    assert face(run, 12) == "An empty picture."
    assert face(run, 13) == "3"  # one prediction, its outcome and one attempt
    for cell in run.cells:
        for output in cell.outputs:
            assert output.output_type in ("execute_result", "display_data"), output
            assert output["data"]["text/plain"].strip() or VIEW in output["data"]


def test_without_a_kernel_the_page_shows_it_all(run):
    from copy import deepcopy

    saved = deepcopy(run)
    saved.metadata.pop("widgets", None)
    for cell in saved.cells:
        for output in cell.outputs:
            output["data"].pop("application/vnd.jupyter.widget-view+json", None)
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(saved)
    for words in (
        "How many months?",
        "<summary>Reveal the answer</summary>",
        "What this chapter claims",
        'alt="An empty picture."',
        "<caption>",
    ):
        assert words in page
