"""Sphinx's settings for the reading site; `python -m tools.site` builds it."""

from pathlib import Path

project = "Can we trust recursive self-improving AI enough yet?"
project_copyright = "The rsi_teach authors. Text and figures: CC BY 4.0. Code: MIT"
language = "en"
extensions = ["myst_nb", "sphinx.ext.mathjax", "tools.site.links"]
include_patterns = [
    *(page.name for page in Path(__file__).with_name("pages").iterdir()),
    "course/glossary.md",
    "course/teaching/**",
    "*/[0-9]*.ipynb",
]
smartquotes = False

nb_execution_mode = "off"
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
mathjax_path = "mathjax/tex-chtml.js"

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_sidebars = {"index": [], "bibliography": []}
html_context = {"default_mode": "auto"}
html_copy_source = html_show_sourcelink = False
html_use_index = html_domain_indices = False
html_theme_options = {
    "logo": {"text": "Enough yet?"},
    "search_bar_text": "Search the course",
    "header_links_before_dropdown": 6,
    "navigation_depth": 1,
    "article_header_end": "notebook.html",
    "footer_start": ["copyright"],
    "footer_end": [],
    # One sidebar: what the other would take, pictures and lines of code need.
    "primary_sidebar_end": ["contents"],
    "secondary_sidebar_items": [],
}
