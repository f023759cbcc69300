"""How the documentation is built: python -m sphinx -W -b html docs docs/_build/html."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from extensions.links import write_inventory

import sknn

project = "sknn"
author = copyright = "The sknn developers"
version = release = sknn.__version__

extensions = [
    "pictures",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "extensions.class_pages",
    "extensions.links",
    "extensions.mathml",
    "extensions.search_words",
]
templates_path = ["templates"]
exclude_patterns = ["_build", "templates", "gallery/*.ipynb", "**/GALLERY_HEADER.md"]
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_title = f"sknn {release}"
html_static_path = ["static"]
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["sknn.css"]

# A sidebar where there is something in it: pages beside which there are others of their section.
single_pages = ["index", "start", "tables", "choosing", "differences", "performance", "searches"]
single_pages += ["glossary", "testing", "contributing", "security", "changes", "search", "genindex"]
html_sidebars = {page: [] for page in single_pages}

html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "logo": {"text": "sknn"},
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Markdown: links to files that are not pages of the documentation become downloads.
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

# The reference: the public names of the modules, with numpydoc docstrings.
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "inherited-members": True}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

toc_object_entries_show_parents = "hide"

# Cross-references to sknn and scikit-learn must resolve, the latter by an inventory that is written
# here. Those to other packages would need network access.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!(sknn|sklearn)\b).*")]
inventory = write_inventory(Path(__file__).parent / "_build" / "inventories" / "sklearn.inv")
intersphinx_mapping = {"sklearn": ("https://scikit-learn.org/stable/", str(inventory))}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "subsection_order": "pictures.section",
    "within_subsection_order": "pictures.place",
    "reset_modules": ("pictures.apply_style",),
    "reference_url": {"sknn": None},
    "doc_module": ("sknn",),
    "thumbnail_size": (560, 392),  # twice the size that they are shown in
    "backreferences_dir": "reference/generated/examples",
    "download_all_examples": False,
    "capture_repr": (),  # figures only, no representations of results
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "abort_on_example_error": False,
    "min_reported_time": 10,
    "remove_config_comments": True,
}


#: Methods of callbacks that only scikit-learn calls.
HOOKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}


def skip_inherited_from_sklearn(app, what, name, obj, skip, options):
    """Skip members that scikit-learn or Python defines and documents, and callback hooks."""
    if getattr(obj, "__objclass__", None) is BaseException:
        return True
    module = getattr(obj, "__module__", None) or "sknn"
    return True if name in HOOKS or not module.startswith("sknn") else None


def setup(app):
    """Configure what needs code: examples/**/README.md are not sections of the gallery."""
    only_rst = {"source_suffix": {".rst": "restructuredtext"}}
    app.connect(
        "builder-inited", lambda app: app.config.sphinx_gallery_conf.update(only_rst), priority=100
    )
    app.connect("autodoc-skip-member", skip_inherited_from_sklearn)
