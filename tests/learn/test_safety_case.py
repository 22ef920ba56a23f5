"""The safety case as a page: whole, readable by everybody, asking nobody for anything."""

import html.parser
import re
from dataclasses import replace

import numpy as np
import pytest

from rsi_teach.explorer.explorer import Still
from rsi_teach.learn import Claim, belief, new_files, open_journal, predict, reveal, safety_case
from rsi_teach.learn import safety as module
from rsi_teach.machine import HELD_OUT, PRACTICE, Played
from rsi_teach.models.capstone import Policy
from tools.contrast import MARKS, WORDS, contrast, seen

POLICY = Policy(evaluators=3, origin="elsewhere", rollback=True)
HOSTILE = '<script src="http://example.invalid/x.js">"\'</script>\n| a | **b** | [c](http://d.e)'
PICTURE = Still(
    png=b"\x89PNG not really", sentence='A frontier of "policies" & <marks>.', width=820
)


def played(scenarios, level=1.0, policy=POLICY):
    shape = (len(scenarios), 2)
    harm = np.full(shape, level)
    harm[0, 0] = 7.0
    return Played(policy=policy, scenarios=scenarios, progress=np.full(shape, 9.0), harm=harm,
                  generations=25, origin="machine.practice(policy, seeds=[0, 1])")  # fmt: skip


def case(**changed):
    given = {"practice": played(PRACTICE), "held_out": played(HELD_OUT, 3.0),
             "figures": [PICTURE]} | changed  # fmt: skip
    return safety_case(POLICY, **given)


class Tree(html.parser.HTMLParser):
    """What is on the page, and whether every tag is closed."""

    void = {"meta", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.words.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def told():
    """A learner who answered everything, with malice."""
    predict("17.harm", "How much harm?", unit="points").lock(2, 4)
    reveal("17.harm", 3.4)
    for key, sure in (("00.trust", 0.4), ("17.trust", 0.7)):
        belief(key).lock(probability=sure, threshold=0.9, stake=module_stake(),
                         reversible="cannot be undone", reason=HOSTILE)  # fmt: skip


def module_stake():
    from rsi_teach.learn.beliefs import STAKES

    return STAKES[2]


def test_the_page_parses_and_has_its_parts(told):
    tree = Tree(case().page())
    assert tree.named("html") == [{"lang": "en"}] and len(tree.named("title")) == 1
    for landmark in ("header", "nav", "main", "footer"):
        assert len(tree.named(landmark)) == 1
    headings = [tag for tag, _ in tree.tags if re.fullmatch("h[1-6]", tag)]
    assert headings == ["h1"] + 7 * ["h2"]
    ids = [attributes["id"] for _, attributes in tree.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) == 7
    assert [a["href"] for a in tree.named("a")] == [f"#{one}" for one in ids]
    assert [s["aria-labelledby"] for s in tree.named("section")] == ids
    assert len(tree.named("table")) == len(tree.named("caption")) >= 4
    assert all(cell.get("scope") for cell in tree.named("th"))


def test_the_page_asks_for_nothing_and_runs_nothing(told):
    page = case().page()
    tree = Tree(page)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & {t for t, _ in tree.tags}
    for _, attributes in tree.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "srcset", "poster", "action"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,"))
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style and "@import" not in style and "//" not in style
    assert "default-src 'none'" in page


def test_every_image_has_an_alt_text_that_is_escaped():
    tree = Tree(case().page())
    assert [image["alt"] for image in tree.named("img")] == [PICTURE.sentence]
    assert PICTURE.sentence not in case().page()


def test_hostile_reasons_are_words_and_nothing_else(told):
    page, notebook = case().page(), case()._repr_mimebundle_()["text/html"]
    for text in (page, notebook):
        assert "<script" not in text and "&lt;script src=" in text
    said = " ".join("".join(Tree(page).words).split())
    assert said.count('<script src="http://example.invalid/x.js">') == 2
    text = case().markdown()
    assert "<script" not in text and "\\[c\\]" in text and "\\*\\*b\\*\\*" in text
    hostile = replace(played(PRACTICE), scenarios=(replace(PRACTICE[0], name=HOSTILE),) * 6)
    assert "<script" not in case(practice=hostile).page()
    assert "<script" not in case(practice=hostile).markdown()


def test_prediction_calibration_and_beliefs_are_on_it(told):
    page = " ".join("".join(Tree(case().page()).words).split())
    assert "2 to 4 points of harm, 90 % sure. It was 3.4: inside." in page
    assert "At the beginning: not yet: 40 % sure" in page and "Now: not yet: 70 % sure" in page
    section = page[page.rindex("Calibration across the course") :]
    assert "1 prediction" in section[:200] or "1 interval" in section[:300]


def test_an_empty_journal_is_said_to_be_empty():
    page = " ".join("".join(Tree(case(held_out=None).page()).words).split())
    assert "No prediction was locked in" in page
    assert page.count("not recorded.") == 2
    assert "The held-out scenarios have not been revealed." in page
    predict("17.harm", "How much harm?", unit="points").lock(5, 9)
    assert "Not revealed yet." in case().page()
    reveal("17.harm", 3.4)
    assert "It was 3.4: outside." in case().page()


def test_an_entry_that_cannot_be_read_does_not_stop_the_page():
    predict("17.harm", "How much harm?", unit="points").lock(5, 9)
    reveal("17.harm", 3.4)
    open_journal().add("outcome", "01.lost", {"truth": 1.0})
    page = case().page()
    assert "0 of 1 interval" in page and "1 entry" in page


def test_kinds_and_numbers_of_the_claims():
    own = Claim(claim="Mine.", kind="judgement", evidence="me", scope="here",
                would_change_our_mind="you")  # fmt: skip
    made = case(claims=[own])
    kinds = {claim.kind for claim in made.claims}
    assert kinds == {"theorem in the toy model", "simulation result", "measured, cited",
                     "judgement"}  # fmt: skip
    assert made.claims[-1] is own
    assert "mean harm is 3.3 points (single runs 3.0 to 7.0)" in made.claims[1].claim
    assert re.match(r"1 of 12 held-out runs .* below 38 %", made.claims[2].claim)
    assert case(held_out=None).claims[1].claim.startswith("1 of 12 practice runs")


def test_contrast_is_enough_in_light_in_dark_and_on_paper():
    palettes = re.findall(r":root \{([^}]*)\}", module.STYLE)
    assert len(palettes) == 3
    for palette in palettes:
        colour = {name: seen(value) for name, value in re.findall(r"--(\w+): (#\w{6})", palette)}
        for ground in (colour["paper"], colour["soft"]):
            assert min(contrast(colour[ink], ground) for ink in ("ink", "link")) >= WORDS
            assert contrast(colour["line"], ground) >= MARKS


def test_it_is_saved_twice_and_nothing_is_overwritten(tmp_path):
    first = case().save(tmp_path / "new")
    before = [path.read_bytes() for path in first]
    second = case(held_out=None).save(tmp_path / "new")
    assert [path.name for path in first] == ["safety-case.html", "safety-case.md"]
    assert [path.name for path in second] == ["safety-case-2.html", "safety-case-2.md"]
    assert [path.read_bytes() for path in first] == before
    (tmp_path / "new" / "safety-case-3.md").write_text("mine")
    assert case().save(tmp_path / "new")[0].name == "safety-case-4.html"
    assert (tmp_path / "new" / "safety-case-3.md").read_text() == "mine"
    assert not list((tmp_path / "new").glob("*.part"))


def test_by_default_it_goes_where_the_journal_is(tmp_path):
    assert case().save()[0].parent == tmp_path / "home"


@pytest.mark.parametrize("failing", ["first", "second", "sync"])
def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch, failing):
    def full(*_):
        raise OSError("no space left on device")

    def second(draft, path, publish=new_files._publish):
        full() if path.suffix == ".md" else publish(draft, path)

    if failing == "sync":
        monkeypatch.setattr(new_files.os, "fsync", full)
    else:
        monkeypatch.setattr(new_files, "_publish", full if failing == "first" else second)
    with pytest.raises(OSError, match="no space"):
        case().save(tmp_path)
    assert [path for path in tmp_path.iterdir() if path.name != "home"] == []


def test_markdown_holds_tables_and_figures():
    text = case().markdown()
    assert text.startswith(f"# {module.TITLE}\n") and text.count("\n## ") == 7
    assert "](data:image/png;base64," in text
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.M):
        pipes = {len(re.findall(r"(?<!\\)\|", line)) for line in table.strip().splitlines()}
        assert len(pipes) == 1


def test_what_cannot_be_a_case_is_refused():
    other = replace(POLICY, tests=200)
    with pytest.raises(ValueError, match=r"practice = .*another policy.* practice\.policy$"):
        case(practice=played(PRACTICE, policy=other))
    with pytest.raises(ValueError, match=r"held_out = .*another policy.* held_out\.policy$"):
        case(held_out=played(HELD_OUT, policy=other))
    with pytest.raises(ValueError, match=r"not_covered = 'Fire.' is a single text"):
        case(not_covered="Fire.")


def test_own_omissions_stand_after_those_of_every_case():
    (open_,) = (s for s in case(not_covered=["Fire."]).sections() if s.heading == module.OPEN)
    assert open_.parts == (*module.NOT_COVERED, "Fire.")
    assert case().not_covered == module.NOT_COVERED


def test_it_shows_itself_in_a_notebook():
    bundle = case()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    for heading in ("What is claimed", "What is not covered", "Enough yet?"):
        assert heading in bundle["text/plain"] and heading in bundle["text/html"]
    Tree(bundle["text/html"])
