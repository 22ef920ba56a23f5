"""Show the source of a model, so that the notebook need not paste it."""

from __future__ import annotations

import ast
import html
import inspect
import re
import textwrap
from typing import Any

from rsi_teach.learn.faces import Passage

# Pygments' token types by the look they get.  Each colour is mixed with that of the words around
# it, dark on white and light on black, so that it reads on both; weight and slant say the same.
# Where a front end's sanitiser takes the mixture out, weight and slant are left.
LOOKS = {
    "Comment": "color:color-mix(in srgb,#6f7781 70%,currentColor);font-style:italic",
    "Literal.String": "color:color-mix(in srgb,#258548 70%,currentColor)",
    "Literal.Number": "color:color-mix(in srgb,#a86500 70%,currentColor)",
    "Keyword": "font-weight:bold",
    "Operator.Word": "font-weight:bold",
    "Name.Function": "color:color-mix(in srgb,#2f75ca 70%,currentColor);font-weight:bold",
    "Name.Class": "color:color-mix(in srgb,#2f75ca 70%,currentColor);font-weight:bold",
}


class Code(Passage):
    """A passage whose parts are Python."""

    def plain(self) -> str:
        """The code under its heading."""
        return "\n\n".join([self.heading, *(str(part).rstrip() for part in self.parts)])

    def html(self) -> str:
        """The code, highlighted, under its heading."""
        heading = Passage(heading=self.heading).html()
        return heading + "".join(highlighted(str(part)) for part in self.parts)


def show_source(thing: Any, *, whole: bool = False) -> Code:
    """Show the source of a function or class, docstrings cut to their first sentence.

    Parameters
    ----------
    thing : function, class or module
    whole : bool
        Leave the docstrings as they are.

    Raises
    ------
    ValueError
        When there is no Python source to show.

    Examples
    --------
    >>> show_source(trimmed).parts[0].splitlines()[1].strip()
    '\"\"\"Cut every docstring in a piece of source to its first paragraph.\"\"\"'
    """
    try:
        source = textwrap.dedent(inspect.getsource(thing))
    except (TypeError, OSError):
        raise ValueError(f"thing = {thing!r} has no Python source to show") from None
    name = getattr(thing, "__qualname__", "")
    module = getattr(inspect.getmodule(thing), "__name__", "")
    heading = f"`{module}.{name}`" if name else f"`{module}`"
    return Code(heading=heading, parts=(source if whole else trimmed(source),))


def trimmed(source: str) -> str:
    """Cut every docstring in a piece of source to its first paragraph.

    Parameters
    ----------
    source : str
        Python.

    Examples
    --------
    >>> print(trimmed('def f():\\n    \"\"\"Do it.\\n\\n    More.\\n    \"\"\"\\n    return 1'))
    def f():
        \"\"\"Do it.\"\"\"
        return 1
    """
    lines = source.splitlines()
    for node in reversed(_documented(ast.parse(source))):
        text = node.value.value.strip()
        first = re.split(r"\n\s*\n", text)[0]
        if first == text or node.end_lineno is None:
            continue
        indent = " " * node.col_offset
        kept = [f'{indent}"""{first}"""']
        lines[node.lineno - 1 : node.end_lineno] = "\n".join(kept).splitlines()
    return "\n".join(lines)


def _documented(tree: ast.Module) -> list[ast.Expr]:
    """Return the docstring statements of a module in the order of their lines."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    owners = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    found = [node.body[0] for node in owners if ast.get_docstring(node, clean=False)]
    return sorted(found, key=lambda node: node.lineno)


def highlighted(source: str) -> str:
    """Return Python as a ``<pre>`` that is styled without classes, which sanitisers take out.

    Parameters
    ----------
    source : str

    Examples
    --------
    >>> "font-weight:bold" in highlighted("return 1")
    True
    """
    from pygments.lexers import PythonLexer

    pieces = [_styled(str(kind), text) for kind, text in PythonLexer().get_tokens(source)]
    code = "".join(pieces).rstrip()
    look = "white-space:pre;overflow-x:auto;line-height:1.35;margin:0"
    return f'<pre style="{look}"><code style="white-space:pre">{code}</code></pre>'


def _styled(kind: str, text: str) -> str:
    token = kind.removeprefix("Token.")
    look = next((look for name, look in LOOKS.items() if token.startswith(name)), None)
    escaped = html.escape(text)
    return f'<span style="{look}">{escaped}</span>' if look else escaped
