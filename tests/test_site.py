"""The reading site, built once and read by a browser that reaches nothing but this machine."""

from __future__ import annotations

import functools
import http.server
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docutils import nodes

from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.glossary import entries
from rsi_teach.learn.references import references
from tools.lab import chromium
from tools.notebooks import ROOT, read
from tools.site.__main__ import LIST, build
from tools.site.links import link_first_uses, with_citations

pytestmark = pytest.mark.browser

THEMES_OWN: dict[str, list[str]] = {}
"""What axe finds on pages that is the theme's: by page, rule and selector. There is nothing."""

LOOK = """async judged => {
    // A colour that is on its way to another one is nobody's colour.
    document.head.append(document.createElement('style'));
    document.head.lastChild.textContent = '* { transition: none !important }';
    document.querySelectorAll('details').forEach(fold => { fold.open = true });
    if (window.MathJax) await MathJax.startup.promise;
    const found = [];
    const judge = async (where, options) => {
        const light = {resultTypes: ['violations'], preload: false, ...options};
        const { violations } = await axe.run(where, light);
        for (const { id, nodes } of violations)
            for (const { target } of nodes) found.push(`${id}: ${target}`);
    };
    const looks = [];
    for (const theme of ['dark', 'light']) {
        document.documentElement.dataset.theme = theme;
        const fresh = [...oneOfEachLook()].filter(([look]) => !judged.includes(look));
        looks.push(...fresh.map(([look]) => look));
        const include = fresh.map(([, one]) => one);
        if (include.length) await judge({include}, {runOnly: ['color-contrast']});
    }
    // What is left to judge is not in the colours of code, which are most of a page's elements.
    document.querySelectorAll('.highlight pre').forEach(one => { one.textContent += '' });
    await judge(document, {rules: {'color-contrast': {enabled: false}}});
    const broken = [...document.images].filter(one => !one.naturalWidth);
    return {
        found,
        looks,
        broken: broken.map(one => one.outerHTML.slice(0, 99)),
        formulas: document.querySelectorAll('.math').length,
        typeset: document.querySelectorAll('.math mjx-container').length,
        wrong: document.querySelectorAll('mjx-merror, [data-mjx-error]').length,
    };

    // Text of one colour, weight and size on one ground has one contrast: one page is enough.
    function oneOfEachLook() {
        const looks = new Map(), grounds = new Map([[null, '']]);
        const ground = one => {
            if (!grounds.has(one)) {
                const { backgroundColor: colour, opacity } = getComputedStyle(one);
                grounds.set(one, `${ground(one.parentElement)}|${colour}/${opacity}`);
            }
            return grounds.get(one);
        };
        const says = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
        for (const one of document.querySelectorAll('body *')) {
            if (![...one.childNodes].some(says) || !one.checkVisibility()) continue;
            const { color, fontSize, fontWeight } = getComputedStyle(one);
            const opaque = ground(one).replaceAll('|rgba(0, 0, 0, 0)/1', '');
            const look = [color, fontSize, fontWeight, opaque].join();
            if (!looks.has(look)) looks.set(look, one);
        }
        return looks;
    }
}"""


class Page(HTMLParser):
    """What a page points at, what in it can be pointed at, and its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.alts: list[str | None] = []
        self.terms: list[tuple[str, str]] = []
        self.within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found["id"]} if "id" in found else set()
        self.targets += [found[name] for name in ("href", "src") if name in found]
        self.loaded += [found["src"]] if "src" in found else []
        if tag == "img":
            self.alts.append(found.get("alt"))
        if tag in ("h1", "h2", "h3", "h4", "code", "pre"):
            self.within.append(tag)
        if tag == "a" and "glossary" in found.get("class", ""):
            self.terms.append((found["href"], "".join(self.within)))

    def handle_endtag(self, tag):
        if self.within and self.within[-1] == tag:
            self.within.pop()


@dataclass
class Visit:
    """What a browser meets on a page."""

    look: dict
    trouble: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built from the notebooks as they are."""
    folder = tmp_path_factory.mktemp("site") / "made"
    command = [sys.executable, "-m", "tools.site", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"The site is built. Open {folder / 'index.html'} in a browser.\n"
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """Every page by its path."""
    return {
        path.relative_to(site).as_posix(): Page(path.read_text("utf-8"))
        for path in sorted(site.rglob("*.html"))
        if "_static" not in path.parts
    }


@pytest.fixture(scope="module")
def served(site):
    """The address of a server that knows nothing but files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(browser_path, served):
    """A browser whose page notes every complaint and every request that is not for here."""
    with chromium(served) as one:
        one.trouble = []
        note = one.trouble.append
        one.page.on("pageerror", lambda error: note(str(error)))
        one.page.on("console", lambda said: said.type == "error" and note(said.text))
        one.page.on("requestfailed", lambda request: note(f"failed: {request.url}"))
        one.page.on("response", lambda answer: answer.status >= 400 and note(answer.url))
        axe = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
        one.page.add_init_script(axe)
        yield one


@pytest.fixture(scope="module")
def visits(browser, served, pages):
    """Each page as a visitor and axe meet it."""
    found, judged = {}, []
    for name in pages:
        browser.trouble.clear()
        browser.page.goto(served + name)
        look = browser.page.evaluate(LOOK, judged)
        judged += look["looks"]
        found[name] = Visit(look, [*browser.trouble])
    return found


def chapter_pages(pages):
    return [(chapter, pages[f"course/{chapter.stem}.html"]) for chapter in CHAPTERS.values()]


# --- what is there --------------------------------------------------------------------------------


def test_every_notebook_glossary_bibliography_and_guide_is_a_page(pages):
    books = [
        path
        for part in ("course", "exercises", "solutions")
        for path in ROOT.glob(f"{part}/[0-9]*.ipynb")
    ]
    guides = ROOT.glob("course/teaching/**/*.md")
    wanted = {path.relative_to(ROOT).with_suffix(".html").as_posix() for path in [*books, *guides]}
    assert len(wanted) >= 18 + 16 + 16
    front = {
        "index",
        "chapters",
        "exercises",
        "course/glossary",
        "bibliography",
        "instructors",
        "solutions",
        "search",
    }
    assert set(pages) == wanted | {f"{name}.html" for name in front}


def test_every_picture_of_a_chapter_is_there_with_its_words(pages):
    for chapter, page in chapter_pages(pages):
        book = read(ROOT / "course" / f"{chapter.stem}.ipynb")
        outputs = (out for cell in book.cells for out in cell.get("outputs", ()))
        drawn = sum(out.get("data", {}).get("text/html", "").count("<img") for out in outputs)
        assert len(page.alts) == drawn > 0, chapter.stem


def test_no_picture_is_without_words(pages):
    assert [
        name for name, page in pages.items() if not all(alt and alt.strip() for alt in page.alts)
    ] == []


def test_no_dead_slider_is_shown(site, pages):
    for name in pages:
        text = (site / name).read_text("utf-8")
        assert not re.search(r"widget-view|widget-state|require(\.min)?\.js|html-manager", text), (
            name
        )
        assert 'type="range"' not in text


def test_every_link_leads_somewhere(site, pages):
    dead = []
    for name, page in pages.items():
        for target in page.targets:
            url = urlsplit(target)
            if url.scheme in ("http", "https", "mailto", "data"):
                continue
            path = (site / name).parent / unquote(url.path) if url.path else site / name
            there = path.resolve().relative_to(site.resolve()).as_posix()
            known = pages[there].ids if there in pages else set()
            if not path.is_file() or (url.fragment and unquote(url.fragment) not in known):
                dead.append((name, target))
    assert dead == []


def test_nothing_is_loaded_from_elsewhere(pages):
    for name, page in pages.items():
        assert [one for one in page.loaded if urlsplit(one).scheme not in ("", "data")] == [], name


# --- what the site links by itself ----------------------------------------------------------------


def test_a_chapter_links_each_term_once_and_in_its_prose_only(pages):
    for chapter, page in chapter_pages(pages):
        targets = [target for target, _ in page.terms]
        assert len(targets) == len(set(targets)) >= 3, chapter.stem
        assert {within for _, within in page.terms} == {""}, chapter.stem
    assert len(
        {target for _, page in chapter_pages(pages) for target, _ in page.terms}
    ) > 0.9 * len(entries())


def test_no_other_page_links_terms(pages):
    chapters = {f"course/{chapter.stem}.html" for chapter in CHAPTERS.values()}
    assert {name for name, page in pages.items() if page.terms} == chapters


def paragraph(*children):
    page = nodes.paragraph()
    page += children
    return page


def linked(*paragraphs):
    """The words that become links, and where to."""
    page = nodes.section("", *paragraphs)
    before = page.astext()
    link_first_uses(page, "glossary.html", {entry.term: entry.term for entry in entries()})
    assert page.astext() == before
    found = page.findall(nodes.reference)
    return [(one.astext(), one["refuri"].split("#")[-1]) for one in found if one.get("refuri")]


def test_the_first_use_is_linked_in_whatever_form_it_stands():
    assert linked(paragraph(nodes.Text("Two Hazards, one hazard."))) == [("Hazards", "hazard")]
    assert linked(paragraph(nodes.Text("A hazard.")), paragraph(nodes.Text("A hazard."))) == [
        ("hazard", "hazard")
    ]


def test_a_term_may_run_across_emphasis_but_not_end_in_the_midst_of_it():
    best = paragraph(nodes.Text("the best of "), nodes.emphasis("", "n"), nodes.Text(" is"))
    assert linked(best) == [("best of n", "best of n")]
    amid = nodes.emphasis("", "a hazard, said")
    assert linked(paragraph(amid), paragraph(nodes.Text("no Hazards"))) == [("Hazards", "hazard")]


@pytest.mark.parametrize(
    "kind", [nodes.literal, nodes.math, nodes.raw, lambda *a: nodes.reference(*a, refuri="")]
)
def test_what_is_not_prose_is_left_alone(kind):
    assert linked(paragraph(kind("", "hazard"), nodes.Text(" and a hazard."))) == [
        ("hazard", "hazard")
    ]
    assert linked(paragraph(nodes.Text("a hazard"), kind("", "-ridden"))) == [("hazard", "hazard")]


def test_every_citation_of_a_chapter_leads_to_the_bibliography(pages):
    everywhere = {key for key in references() if key in pages["bibliography.html"].ids}
    assert everywhere == set(references())
    for chapter, page in chapter_pages(pages):
        book = read(ROOT / "course" / f"{chapter.stem}.ipynb")
        code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
        read_on = re.findall(r"(?<!\w)reading\(([^)]*)\)", code)
        keys = re.findall(r'"(\w+)"', "".join(read_on))
        targets = set(page.targets)
        assert keys and all(f"../bibliography.html#{key}" in targets for key in keys), chapter.stem


def test_a_citation_in_a_picture_s_words_is_left_alone():
    said = '<img alt="By Brier (1950)"><td>Brier (1950)</td><p>McBrier (1950)</p>'
    target = '<a href="b.html#brier1950verification">Brier (1950)</a>'
    assert with_citations(said, "b.html") == said.replace("<td>Brier (1950)", f"<td>{target}")


# --- what a visitor meets -------------------------------------------------------------------------


def test_no_page_complains_or_asks_for_anything_that_is_not_there(visits, browser):
    assert {name: visit.trouble for name, visit in visits.items() if visit.trouble} == {}
    assert browser.refused == []


def test_axe_finds_nothing_on_any_page(visits):
    assert {name: v.look["found"] for name, v in visits.items() if v.look["found"]} == THEMES_OWN


def test_every_picture_can_be_drawn(visits):
    assert {name: v.look["broken"] for name, v in visits.items() if v.look["broken"]} == {}


def test_every_formula_is_typeset(visits):
    looks = [visit.look for visit in visits.values()]
    assert visits["course/05_goodhart.html"].look["formulas"] > 3
    assert [look["typeset"] for look in looks] == [look["formulas"] for look in looks]
    assert sum(look["wrong"] for look in looks) == 0


@pytest.mark.parametrize("where", ["served", "site"])
def test_search_and_formulas_work_from_a_server_and_from_a_file(browser, where, request):
    folder = request.getfixturevalue(where)
    address = folder if where == "served" else folder.as_uri() + "/"
    browser.trouble.clear()
    browser.page.goto(f"{address}search.html?q=overoptimisation")
    browser.page.wait_for_selector("#search-results li a")
    hits = browser.page.locator("#search-results li a").evaluate_all(
        "all => all.map(one => one.href)"
    )
    assert any("course/05_goodhart.html" in hit for hit in hits)
    if where == "site":
        browser.trouble.clear()  # a page may not read another file: hits come without excerpts
    browser.page.goto(f"{address}course/05_goodhart.html")
    browser.page.wait_for_selector(".math mjx-container svg, .math mjx-container mjx-math")
    assert browser.trouble == browser.refused == []


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_no_wider_than_the_window(browser, served, width):
    browser.page.set_viewport_size({"width": width, "height": 900})
    for name in (
        "index",
        "course/00_start_here",
        "course/17_capstone",
        "course/glossary",
        "bibliography",
    ):
        browser.page.goto(f"{served}{name}.html")
        assert browser.page.evaluate("document.documentElement.scrollWidth") <= width, name


# --- what it may delete ---------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch):
    """Building without Sphinx; the list says what the next build shall write, or nothing."""
    written = ["index.html"]

    def instead(arguments):
        folder = Path(arguments[-1])
        folder.mkdir()
        for name in written:
            folder.joinpath(name).touch()
        return not written

    monkeypatch.setattr("tools.site.__main__.lay_out", lambda pages: None)
    monkeypatch.setattr("sphinx.cmd.build.build_main", instead)
    return written


def test_a_second_build_replaces_the_first_and_leaves_nothing_behind(quick, tmp_path):
    quick.append("old.html")
    build(tmp_path / "out")
    quick[:] = ["index.html", "new.html"]
    assert build(tmp_path / "out") == tmp_path / "out" / "index.html"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"index.html", "new.html", "_static", LIST}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_of_somebody_else_is_named_and_kept(quick, tmp_path):
    thesis = tmp_path / "out" / "notes" / "thesis.tex"
    for before in (lambda: None, lambda: build(tmp_path / "out")):
        before()
        thesis.parent.mkdir(parents=True, exist_ok=True)
        thesis.write_text("years")
        with pytest.raises(ValueError, match=r"thesis\.tex was not made by this command: move it"):
            build(tmp_path / "out")
        assert thesis.read_text() == "years"
        thesis.unlink()


def test_a_link_or_a_file_in_the_way_is_left_alone(quick, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(ValueError, match=f"{name} was not made by this command"):
            build(tmp_path / name)


def test_a_warning_keeps_the_site_of_before(quick, tmp_path):
    build(tmp_path / "out")
    quick.clear()
    with pytest.raises(ValueError, match="is as it was: mend what is named above"):
        build(tmp_path / "out")
    assert (tmp_path / "out" / "index.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
