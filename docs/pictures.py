"""The style of the gallery's figures, the order of its examples, and their thumbnails."""

from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

#: Okabe and Ito (2008), "Color Universal Design": distinguishable with colour blindness. Blue and
#: vermilion, the first two, are also the ends of the colour map "RdBu_r".
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

STYLE = {
    "axes.prop_cycle": plt.cycler(color=COLOURS),
    "axes.titlesize": "medium",
    "figure.dpi": 100,
    "font.size": 10,
    "lines.linewidth": 2,
    "legend.frameon": False,
    "savefig.bbox": "tight",
}

#: The sections of the gallery, folders of examples, and what each shows in turn.
SECTIONS = {
    "neurons": ["evidence", "neuron", "nand", "xor", "identity", "activations", "points"],
    "training": [
        "losses",
        "backpropagation",
        "rates",
        "batches",
        "initialization",
        "vanishing",
        "regularization",
        "playground",
    ],
    "decisions": ["confusion", "threshold", "imbalanced", "calibration", "quantiles", "intervals"],
    "practice": ["table", "importance", "text", "search", "stream"],
    "inspection": ["digits", "inside", "attributions", "adversarial", "notebook"],
}

#: What a thumbnail shows of the first figure: left, top, right and bottom as fractions of its size.
#: All of a figure with many panels would be too small to read.
CROPS = {
    "neuron": (0, 0, 0.62, 1),
    "xor": (0.47, 0, 1, 1),
    "activations": (0, 0, 0.5, 0.615),
    "points": (0, 0, 1, 0.505),
    "losses": (0, 0, 0.52, 0.485),
    "backpropagation": (0, 0, 0.6, 1),
    "rates": (0.27, 0, 0.74, 1),
    "batches": (0.36, 0, 1, 1),
    "initialization": (0.66, 0.08, 1, 1),
    "regularization": (0, 0, 0.69, 0.9),
    "playground": (0.5, 0.5, 1, 1),
    "threshold": (0.5, 0, 1, 1),
    "imbalanced": (0.46, 0, 0.9, 1),
    "intervals": (0.52, 0, 1, 1),
    "table": (0.485, 0, 1, 1),
    "text": (0, 0, 0.67, 1),
    "search": (0, 0.51, 0.53, 0.95),
    "digits": (0, 0, 0.44, 1),
    "adversarial": (0, 0.5, 0.6, 1),
}


def crop_thumbnails(app):
    """Replace the thumbnails of figures that are too large, after the examples have run."""
    for folder, names in SECTIONS.items():
        images = Path(app.srcdir) / "gallery" / folder / "images"
        for name in set(names) & set(CROPS):
            path = images / f"sphx_glr_plot_{name}_001.png"
            if not path.exists():  # the example has failed, which the gallery reports
                continue
            with Image.open(path) as figure:
                sizes = 2 * figure.size
                box = [size * part for size, part in zip(sizes, CROPS[name], strict=True)]
                thumbnail = figure.crop(box)
            thumbnail.thumbnail(app.config.sphinx_gallery_conf["thumbnail_size"])
            thumbnail.save(images / "thumb" / f"sphx_glr_plot_{name}_thumb.png")


def setup(app):
    """Register what conf.py cannot name, as an extension of Sphinx."""
    app.add_css_file("gallery.css", priority=900)  # after that of the gallery, 500
    app.connect("builder-inited", crop_thumbnails, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def section(folder):
    """Return the position of a section in the gallery, by the path of its folder."""
    return list(SECTIONS).index(Path(folder).name)


def place(name):
    """Return the position of an example in the gallery, by the name of its file."""
    examples = [example for examples in SECTIONS.values() for example in examples]
    return examples.index(name.removeprefix("plot_").removesuffix(".py"))


def apply_style(gallery_conf, fname):
    """Reset the style before each example."""
    plt.close("all")
    plt.rcdefaults()
    plt.rcParams.update(STYLE)
