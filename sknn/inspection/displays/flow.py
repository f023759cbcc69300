"""GradientFlowDisplay."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sknn.inspection.displays.drawing import BLUE, ORANGE, Display
from sknn.inspection.gradient_flow import LayerGradients, gradient_flow


class GradientFlowDisplay(Display):
    """How large gradients are in each layer, and how many units let none through.

    It is recommended to use `from_estimator`, which draws at once.

    Parameters
    ----------
    flow : sequence of LayerGradients
        What `gradient_flow` gave.

    Attributes
    ----------
    ax_ : Axes
        The axes; sizes are on a logarithmic scale.
    figure_ : Figure
        The figure.
    lines_ : list of Line2D
        The sizes of dW and of dZ.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import GradientFlowDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8, 8), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(model, X, y)  # doctest: +SKIP
    """

    def __init__(self, flow: Sequence[LayerGradients]) -> None:
        self.flow = flow

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, sample_weight: Any = None, ax: Any = None
    ) -> Self:
        """Draw the gradients of a fitted network on some samples.

        Parameters
        ----------
        estimator, X, y, sample_weight
            As in `gradient_flow`.
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : GradientFlowDisplay
        """
        return cls(gradient_flow(cls._network(estimator), X, y, sample_weight)).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : GradientFlowDisplay
        """
        ax = self._axes(ax, (7, 0.45 * len(self.flow) + 1.6))
        places = np.arange(len(self.flow))
        of_weights = {"color": BLUE, "marker": "o", "label": "dL/dW"}
        of_sums = {"color": ORANGE, "marker": "s", "ls": "--", "label": "dL/dZ"}
        self.lines_ = [
            *ax.plot([layer.dW for layer in self.flow], places, **of_weights),
            *ax.plot([layer.dZ for layer in self.flow], places, **of_sums),
        ]
        if any(size > 0 for layer in self.flow for size in (layer.dW, layer.dZ)):
            ax.set_xscale("log")
        ax.set_yticks(places, [_label(layer) for layer in self.flow])
        ax.set(xlabel="root mean square of the gradient", ylim=(len(self.flow) - 0.5, -0.5))
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
        ax.grid(axis="x", alpha=0.3)
        return self


def _label(layer: LayerGradients) -> str:
    """Return the name of a layer, and what of it is dead or saturated."""
    shares = {"dead": layer.dead, "saturated": layer.saturated}
    known = [f"{what} {share:.0%}" for what, share in shares.items() if not np.isnan(share)]
    return "\n".join(filter(None, [layer.name, ", ".join(known)]))
