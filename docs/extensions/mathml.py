"""Formulas as MathML, which browsers draw without a script, a font or the network.

docutils converts the TeX. What it does not know is a warning, and so an error of the build, and so
is a fraction without braces, which it reads as another one than TeX does: 12 over the next symbol.
"""

import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)


def convert(node, as_block=False):
    """Return a formula as MathML."""
    try:
        if re.search(r"frac(?! *{)", node.astext()):
            raise MathError("A fraction needs braces, \\frac{1}{2}.")
        return tex2mathml(node.astext(), as_block=as_block)
    except MathError as error:
        logger.warning("%s in %s", error, node.astext(), location=node)
        return f"<code>{node.astext()}</code>"


def visit_math(translator, node):
    """Write a formula in a line."""
    translator.body.append(convert(node))
    raise nodes.SkipNode


def visit_math_block(translator, node):
    """Write a formula of its own lines."""
    translator.body.append(f'<div class="math-block">{convert(node, as_block=True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Add the renderer, for html_math_renderer."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
