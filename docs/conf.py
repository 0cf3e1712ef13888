"""How Sphinx builds the documentation: `make docs`. Nothing is fetched from afar."""

import re
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

from genesis_chat import __version__

project = "Genesis Chat"
author = "The Genesis Chat contributors"
project_copyright = "the Genesis Chat contributors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Genesis Chat {release}"
html_copy_source = False
html_show_sourcelink = False
html_theme_options: dict[str, Any] = {"footer_icons": []}


def mathml(writer: Any, node: Any, display: str) -> None:
    """Write an equation as MathML, which browsers draw without a script."""
    writer.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode


def visible_paths(app: Sphinx, docname: str, source: list[str]) -> None:
    """Links to files of the repository become their paths: the site holds no code."""
    source[0] = re.sub(r"\[(`[^`\]]+`)\]\(\.\./[^)]+\)", r"\1", source[0])


def setup(app: Sphinx) -> None:
    """Add the equations' renderer, and what makes pages of files in the repository."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(lambda writer, node: mathml(writer, node, "inline"), None),
        block_renderers=(lambda writer, node: mathml(writer, node, "block"), None),
    )
    app.connect("source-read", visible_paths)


html_math_renderer = "mathml"
