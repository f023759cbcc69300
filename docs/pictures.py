"""The style of the gallery's figures, the order of its examples, and their thumbnails."""

from pathlib import Path

import matplotlib.pyplot as plt

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
    "inspection": ["digits", "inside", "adversarial", "page"],
}


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
