"""Pages that stand alone: one HTML file that asks for nothing outside of itself."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from rsi_teach.learn.faces import Table


def document(
    title: str, lead: str, sections: Iterable[tuple[str, str]], *, style: str, made: str
) -> str:
    """Return a whole page: a title, a table of contents, and sections.

    Parameters
    ----------
    title, lead : str
        Plain text.
    sections : iterable of (heading, body)
        The heading as plain text, the body as HTML.
    style : str
        CSS.
    made : str
        The footer, plain text.
    """
    parts = list(sections)
    links = "".join(
        f'<li><a href="#{_anchor(heading)}">{html.escape(heading)}</a></li>' for heading, _ in parts
    )
    body = "\n".join(_section(heading, inner) for heading, inner in parts)
    title = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{title}</h1>\n<p>{html.escape(lead)}</p>\n</header>\n"
        f'<nav aria-label="Contents">\n<ol>{links}</ol>\n</nav>\n'
        f"<main>\n{body}\n</main>\n"
        f"<footer>\n<p>{html.escape(made)}</p>\n</footer>\n</body>\n</html>\n"
    )


def _section(heading: str, body: str) -> str:
    name = _anchor(heading)
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{html.escape(heading)}</h2>'
        f"\n{body}\n</section>"
    )


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def wide(table: Table) -> str:
    """Return a table that scrolls by itself, with the keyboard too, where it is too wide.

    Parameters
    ----------
    table : Table
    """
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{html.escape(table.caption)}">'
        f"{table.html()}</div>"
    )


def made_by() -> str:
    """Say when a page was written, and by which version of the course."""
    from rsi_teach import __version__

    today = datetime.now(UTC).date().isoformat()
    return f"Written on {today} by rsi_teach {__version__}."


STYLE = """\
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --line: #767676;
  --link: #0b5394; --soft: #f3f3f3; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #181818; --line: #9a9a9a;
  --link: #8ec5ff; --soft: #262626; } }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 3rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.8rem; line-height: 1.25; } h2 { font-size: 1.3rem; margin-top: 2.2rem; }
a { color: var(--link); } a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.wide { overflow-x: auto; } .wide:focus-visible { outline: 3px solid var(--link); }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-size: 0.93rem; }
caption { text-align: left; font-weight: 600; padding: 0.3rem 0; }
th, td { border: 1px solid var(--line); padding: 0.35rem 0.5rem; vertical-align: top; }
th { background: var(--soft); font-weight: 600; } tbody th { font-weight: 500; }
figure { margin: 1.2rem 0; } img { max-width: 100%; height: auto; background: #ffffff; }
figcaption { font-size: 0.93rem; } footer { margin-top: 3rem; border-top: 1px solid var(--line); }
@media print { :root { --ink: #000000; --paper: #ffffff; --line: #767676; --link: #000000;
  --soft: #ffffff; } nav { display: none; } .wide { overflow: visible; }
  tr, figure { break-inside: avoid; } h2 { break-after: avoid; } }
"""
