"""A class's page: right numbers, nobody's name, nobody's number, and readable by everybody."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from rsi_teach.learn import Record, class_page, export_anonymous
from rsi_teach.learn.beliefs import ASKED
from rsi_teach.learn.class_numbers import conviction, groups, held, surprises
from rsi_teach.learn.class_page import write_class_page
from rsi_teach.learn.questions import chapter_of, questions
from rsi_teach.learn.record_pool import FEWEST, Gathered, gather
from rsi_teach.models.calibration import reliability_curve
from tests.learn.test_safety_case import Tree
from tools.contrast import MARKS, WORDS, contrast, seen

COURSE = Path(__file__).parents[2] / "course"


# --- a class that nobody attended -----------------------------------------------------------------


def answers():
    """The course's questions and answers, as the committed notebooks print them."""
    found = {}
    for path in sorted(COURSE.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            asked = re.search(r'reveal\("([^"]+)"', "".join(cell["source"]))
            if cell["cell_type"] == "code" and asked:
                found[asked[1]] = printed(cell["outputs"])
    return found


def printed(outputs):
    """The answer among the outputs of a cell: True, False, or a number."""
    words = "".join("".join(out.get("data", {}).get("text/plain", "")) for out in outputs)
    answer = re.search(r"The answer:\s+(yes|no|-?[\d,.]*\d(?:e[+-]?\d+)?)", words)[1]
    known = {"yes": True, "no": False}
    return known[answer] if answer in known else float(answer.replace(",", ""))


def learner(rng, truths, hard, share):
    """A person whose intervals are too narrow, and who is misled where others are."""
    narrow = np.exp(rng.normal(-0.9, 0.4))
    intervals, probabilities = [], []
    for key, truth in truths.items():
        if rng.random() > share:
            continue
        if isinstance(truth, bool):
            odds = (1 if truth else -1) * (0.5 + 1.2 * hard[key]) + rng.normal()
            probabilities.append((key, float(np.round(1 / (1 + np.exp(-1.5 * odds)), 2)), truth))
            continue
        sd = max(0.4 * abs(truth), 0.3)
        middle = truth + sd * (0.8 * hard[key] + 0.6 * rng.normal())
        reach = 1.645 * sd * narrow
        intervals.append((key, float(middle - reach), float(middle + reach), truth))
    beliefs = [
        (key, float(np.round(rng.beta(3, 3), 2)), 0.5) for key in ASKED if rng.random() < 0.9
    ]
    return Record.of_rows(intervals, probabilities, beliefs=beliefs)


def hand_in(folder, people, *, share=0.8):
    """Write the files of a class; returns their paths."""
    rng, truths = np.random.default_rng(people), answers()
    hard = dict(zip(truths, rng.standard_normal(len(truths)), strict=True))
    return [
        export_anonymous(learner(rng, truths, hard, share), folder / f"Person {number}.json")
        for number in range(people)
    ]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The pages of two classes, by the number of people, with what was gathered."""
    found = {}
    for people in (5, 12):
        folder = tmp_path_factory.mktemp("class")
        files = hand_in(folder, people)
        (folder / "Torn Tim.json").write_text("{")
        page = folder / "page.html"
        gathered = write_class_page([*files, folder / "Torn Tim.json"], page)
        found[people] = page, gathered
    return found


def people(count, **same):
    return [Record.of_rows(same.get("intervals", []), same.get("probabilities", []))] * count


# --- the numbers ----------------------------------------------------------------------------------


def test_hits_are_counted_over_the_whole_class():
    records = [Record.of_rows([("01.a", 0, number, 2.0), ("01.b", 0, 9, 1.0)], [])
               for number in range(6)]  # fmt: skip
    share = held(records)
    assert share.of.share == pytest.approx(10 / 12)
    assert (share.answers, share.people, share.questions) == (12, 6, 2)
    assert held([Record.of_rows([], [])]) is None


def test_groups_are_those_of_the_reliability_curve(pages):
    _, gathered = pages[12]
    records = gathered.records
    stated = np.concatenate([record.probability for record in records])
    happened = np.concatenate([record.happened for record in records])
    curve = reliability_curve(stated, happened, bins=5)
    found = groups(records)
    assert [group.answers for group in found] == curve.count.tolist()
    assert [group.stated for group in found] == pytest.approx(curve.stated.tolist())
    assert [group.happened.of.share for group in found] == pytest.approx(curve.happened.tolist())
    for group in found:
        assert group.happened.of.worth <= min(group.answers, 2 * group.happened.questions)


def test_a_group_of_few_people_is_not_shown():
    said = [("01.a", 0.9, True), ("01.b", 0.9, True)]
    few = [Record.of_rows([], said)] * 4 + [Record.of_rows([], [("01.a", 0.1, True)])] * 5
    low, high = groups(few)
    assert low.happened.people == 5 and low.stated == pytest.approx(0.1)
    assert high.happened is None and math.isnan(high.stated) and high.answers == 8


def test_questions_are_ranked_by_brier_then_distance_then_key():
    row = {
        "05.far": (0, 2, 9.0), "06.near": (0, 2, 3.0), "04.near": (0, 2, 3.0),
        "07.flat": (1, 1, 9.0), "08.held": (0, 2, 1.0),
    }  # fmt: skip
    records = people(
        5, intervals=[(key, *ends) for key, ends in row.items()],
        probabilities=[("09.sure", 0.99, False), ("10.half", 0.5, True)],
    )  # fmt: skip
    found = surprises(records)
    assert [one.key for one in found] == ["09.sure", "07.flat", "05.far", "04.near", "06.near"]
    assert [one.brier for one in found] == pytest.approx([0.9801] + [0.81] * 4)
    assert (found[0].held, found[0].stated, found[0].truths) == (None, 0.99, (False,))
    assert (found[1].held, found[1].answers, found[1].truths) == (0, 5, (9.0,))
    mixed = people(4, intervals=[("08.held", 0, 2, 1.0)])
    (one,) = surprises([*mixed, Record.of_rows([("08.held", 0, 2, 5.0)], [])])
    assert one.brier == pytest.approx((4 * 0.01 + 0.81) / 5) and one.truths == (1.0, 5.0)


def believers(*pairs):
    """Records with beliefs: (before, after), None where not asked; 60 % are needed."""
    return [
        Record.of_rows([], [], beliefs=[
            (key, sure, 0.6) for key, sure in zip(ASKED, pair, strict=True) if sure is not None
        ])
        for pair in pairs
    ]  # fmt: skip


def test_beliefs_and_their_change():
    moved = [(0.2, 0.1), (0.5, 0.8), (0.7, 0.3), (0.6, 0.6), (1.0, 0.95), (0.1, 0.2)]
    found = conviction(believers(*moved))
    assert found.before.counts == (1, 1, 1, 2, 1) and found.after.counts == (1, 2, 0, 1, 2)
    assert found.before.enough == 3 and found.after.enough == 3
    assert found.before.sure == pytest.approx(3.1 / 6) and found.before.needed == 0.6
    change = np.array([after - before for before, after in moved])
    assert found.change.counts == (1, 0, 4, 1, 0)  # 30 points are not more than 30
    assert found.change.mean == pytest.approx(change.mean())
    reach = 2.015048 * change.std(ddof=1) / math.sqrt(6)  # Student's t, 5 degrees, 95 %
    assert found.change.high - found.change.mean == pytest.approx(reach, rel=1e-5)
    assert found.change.mean - found.change.low == pytest.approx(reach, rel=1e-5)
    assert (found.change.to_enough, found.change.to_not_yet) == (1, 1)


def test_few_beliefs_are_not_shown():
    pairs = [(0.2, 0.3)] * 4
    found = conviction(believers(*pairs))
    assert (found.before, found.after, found.change) == (None, None, None)
    found = conviction(believers(*pairs, (0.9, None)))
    assert found.before.people == 5 and (found.after, found.change) == (None, None)


def test_nobody_is_found_by_subtraction():
    pairs = [(0.2, 0.3)] * 6
    found = conviction(believers(*pairs, (0.9, None), (None, 0.9), (0.9, None)))
    assert found.before.counts == (0, 6, 0, 0, 0) and found.after.counts == (0, 6, 0, 0, 0)
    assert found.once == 3
    found = conviction(believers(*pairs, *[(0.9, None)] * 5))
    assert found.before.counts == (0, 6, 0, 0, 5) and found.once == 0


# --- the questions --------------------------------------------------------------------------------


def test_every_question_of_the_course_has_its_words():
    known = questions()
    assert set(known) == set(answers()) and len(known) > 70
    assert known["03.gain"].text.startswith("The delay is 5 generations. What is the largest gain")
    assert known["03.gain"].unit == "of what is seen" and known["03.tip"].unit == ""
    assert chapter_of("05.items") == "chapter 05, When the measure becomes the target"
    assert chapter_of("98.a") == "chapter 98"


def test_notebooks_that_cannot_be_read_are_passed_over(tmp_path, monkeypatch):
    from rsi_teach.learn import questions as module

    (tmp_path / "course").mkdir()
    cell = {"cell_type": "code", "source": ['predict("01.a", "Why', '?")']}
    torn = {"cell_type": "code", "source": ["predict(", "%matplotlib"]}
    cells = [torn, {"cell_type": "markdown", "source": "predict("}, cell]
    for name, text in {"1": json.dumps({"cells": cells}), "2": "{", "3": "[]", "4": '{"cells": [4]}'
                       }.items():  # fmt: skip
        (tmp_path / "course" / f"{name}.ipynb").write_text(text)
    monkeypatch.setattr(module, "source", lambda: tmp_path)
    assert [one.text for one in questions().values()] == ["Why?"]


# --- the page -------------------------------------------------------------------------------------


def words_of(page):
    return " ".join("".join(Tree(page).words).split())


@pytest.mark.parametrize("size", [5, 12])
def test_the_page_parses_and_asks_for_nothing(pages, size):
    page = pages[size][0].read_text()
    tree = Tree(page)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in tree.tags}
    for _, attributes in tree.tags:
        for name in ("src", "href", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/svg+xml;base64,"))
    assert "default-src 'none'" in page and "url(" not in page
    assert len(tree.named("table")) == len(tree.named("caption")) == 5
    assert all(cell.get("scope") for cell in tree.named("th"))
    images = tree.named("img")
    assert len(images) == 8 and all(len(image["alt"]) > 40 for image in images)
    names = [part["aria-label"] for part in tree.named("div") if part.get("class") == "wide"]
    assert len(names) == len(set(names)) == 9
    assert f"{size} journals, pooled" in words_of(page)


@pytest.mark.parametrize("size", [5, 12])
def test_nobody_is_named_and_every_file_is_accounted_for(pages, size):
    page, gathered = pages[size]
    assert "Person" not in page.read_text() and "Torn Tim" not in page.read_text()
    assert "1 file left out: 1 because it is damaged" in words_of(page.read_text())
    assert len(gathered.records) == size and [one.name for one in gathered.skipped] == [
        "Torn Tim.json"
    ]


def test_numbers_of_the_page_are_those_of_the_class(pages):
    page, gathered = pages[12]
    said, share = words_of(page.read_text()), held(gathered.records)
    hits = sum(int(record.hit.sum()) for record in gathered.records)
    assert f"{hits} of {share.answers} intervals held the truth" in said
    assert f"{100 * share.of.low:.0f} to {100 * share.of.high:.0f} %" in said
    for one in surprises(gathered.records):
        assert questions()[one.key].text in said and f"{one.brier:.2f}" in said
    change = conviction(gathered.records).change
    assert f"{change.people} people answered both times" in said
    assert f"{gathered.left_out} answers to questions" in said or not gathered.left_out


def test_a_synthetic_class_says_so(tmp_path):
    from rsi_teach.learn import synthetic
    from rsi_teach.models.calibration import Forecaster

    rng = np.random.default_rng(0)
    files = [export_anonymous(synthetic(Forecaster(), 9, rng), tmp_path / name) for name in "abcde"]
    said = words_of(class_page.class_page(gather(files)))
    assert "A synthetic class: 5 synthetic records, pooled" in said
    assert "This version of the course does not hold its words." in said
    assert "Fewer than 5 files hold a belief" in said


def test_a_class_that_answered_nothing_alike_shows_nothing():
    page = class_page.class_page(Gathered(records=tuple(people(FEWEST)), skipped=(), left_out=9))
    said = words_of(page)
    assert "In no group of probabilities are there answers from 5 people" in said
    assert "No question asked for an interval has answers from 5 people" in said
    assert "No question asked for anything" in said and "Fewer than 5 files hold" in said
    assert "9 answers to questions that fewer than 5 people answered left out" in said
    assert "<img" not in page


def test_beliefs_of_one_time_are_drawn_alone():
    found = Gathered(records=tuple(believers(*[(None, 0.4)] * 5)), skipped=(), left_out=0)
    page = class_page.class_page(found)
    assert "At the beginning: fewer than 5 people answered" in words_of(page)
    assert "Fewer than 5 people answered both times" in words_of(page)
    assert len(Tree(page).named("img")) == 2


def test_truths_that_differ_are_not_told():
    records = [Record.of_rows([("17.harm", 0, 1, 2.0 + number)], []) for number in range(5)]
    said = words_of(class_page.class_page(Gathered(records=tuple(records), skipped=(), left_out=0)))
    assert "The answer: not the same for everybody." in said and "6 points" not in said


def test_it_is_written_whole_or_not_at_all_and_over_nothing(tmp_path, monkeypatch):
    files = hand_in(tmp_path, 5, share=0.2)
    page = tmp_path / "page.html"
    page.write_text("mine")
    monkeypatch.setattr(class_page, "class_page", lambda found: "a page")
    with pytest.raises(FileExistsError, match=r"page\.html exists"):
        write_class_page(files, page)
    with pytest.raises(ValueError, match="4 usable files"):
        write_class_page(files[1:], tmp_path / "new.html")
    assert page.read_text() == "mine" and not (tmp_path / "new.html").exists()


def test_pictures_are_readable_in_both_shades():
    from rsi_teach.learn.class_pictures import DARK, LIGHT

    for ink in (LIGHT, DARK):
        for words in (ink.words, ink.said, ink.held_against):
            assert contrast(seen(words), seen(ink.paper)) >= WORDS
        for mark in (ink.main, ink.other, ink.thin):
            assert contrast(seen(mark), seen(ink.paper)) >= MARKS


@pytest.mark.browser
def test_a_browser_finds_nothing_to_complain_of(browser_path, pages):
    from axe_playwright_python.sync_playwright import Axe

    from tools.lab import chromium

    with chromium("http://127.0.0.1") as browser:
        for size, width, scheme in ((5, 390, "dark"), (12, 1280, "light"), (12, 1920, "dark")):
            asked, told = [], []
            tab = browser.page.context.new_page()
            tab.on("request", lambda request, asked=asked: asked.append(request.url))
            tab.on("console", lambda message, told=told: told.append(message.text))
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 9 * width // 16})
            address = pages[size][0].as_uri()
            tab.goto(address)
            assert [url for url in asked if not url.startswith("data:")] == [address]
            assert Axe().run(tab).response["violations"] == [] and told == []
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            shown = tab.locator("img:visible")
            assert shown.count() == 4 and all(
                image.evaluate("one => one.complete && one.naturalWidth > 0")
                and image.get_attribute("class") == {"light": "by-day", "dark": "by-night"}[scheme]
                for image in shown.all()
            )
            tab.emulate_media(media="print", color_scheme=scheme)
            assert tab.locator("img.by-day:visible").count() == 4
            assert tab.locator("img.by-night:visible").count() == 0
            tab.close()
