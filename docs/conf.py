"""The site: `uv run sphinx-build -W docs docs/_build`. Builds without a network."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _ext.api_pages import as_restructured, write_api_pages  # noqa: E402
from _ext.command_pages import write_command_pages  # noqa: E402

import cinedot  # noqa: E402

project = "cinedot"
author = "The cinedot developers"
copyright = "The cinedot developers, GPL-3.0-or-later"
version = release = cinedot.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "_ext.mathml"]
exclude_patterns = ["_build", "howto", "_ext"]  # howto's texts stand in commands/
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
math_renderer = "mathml"
nitpicky = False


html_theme = "furo"
html_title = f"cinedot {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False

default_role = "code"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88


def setup(app: Sphinx) -> None:
    """Write the pages that the project itself tells, before Sphinx looks for pages."""
    if app.tags.has("quick"):  # the reference of the Python interface takes most of the time
        app.config.exclude_patterns.append("api/[!a]*")
    app.connect("builder-inited", _write_pages)
    app.connect("autodoc-process-docstring", _plain_docstring)


def _write_pages(app: Sphinx) -> None:
    write_command_pages(HERE)
    if not app.tags.has("quick"):
        write_api_pages(HERE)


def _plain_docstring(*event: object) -> None:
    _, what, _, _, _, lines = event
    as_restructured(str(what), lines)  # pyright: ignore[reportArgumentType]
