"""The style of the gallery's figures, and the order of its examples."""

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

#: The examples, from a single neuron to complete tasks.
ORDER = [
    "evidence",
    "neuron",
    "nand",
    "xor",
    "identity",
    "activations",
    "points",
    "losses",
    "backpropagation",
    "rates",
    "batches",
    "initialization",
    "vanishing",
    "regularization",
    "playground",
    "digits",
    "threshold",
    "inside",
    "adversarial",
    "quantiles",
    "intervals",
    "imbalanced",
    "search",
    "text",
    "stream",
    "table",
]


def place(name):
    """Return the position of an example in the gallery, by the name of its file."""
    return ORDER.index(name.removeprefix("plot_").removesuffix(".py"))


def apply_style(gallery_conf, fname):
    """Reset the style before each example."""
    plt.close("all")
    plt.rcdefaults()
    plt.rcParams.update(STYLE)
