"""`GradientFlowDisplay`: gradient sizes by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sknn.inspection.displays._drawing import BLUE, ORANGE, Display
from sknn.inspection.gradient_flow import LayerGradients, gradient_flow


@dataclass(eq=False, repr=False)
class GradientFlowDisplay(Display):
    """Plot of gradient sizes, dead units and saturated units of each layer.

    Use `from_estimator` to create one.

    Parameters
    ----------
    flow : sequence of LayerGradients
        The result of `gradient_flow`.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        What it is drawn on, with a logarithmic x-axis.
    lines_ : list of Line2D
        The gradients with respect to weights, and to pre-activations.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import GradientFlowDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8, 8), solver="lbfgs", random_state=0).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(model, X, y)  # doctest: +SKIP
    """

    flow: Sequence[LayerGradients]

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, sample_weight: Any = None, ax: Any = None
    ) -> Self:
        """Draw the gradient sizes of a fitted network on some samples.

        Parameters
        ----------
        estimator, X, y, sample_weight
            As in `gradient_flow`.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : GradientFlowDisplay
        """
        return cls(gradient_flow(cls._network(estimator), X, y, sample_weight)).plot(ax)

    def _draw(self, ax: Any) -> None:
        ax = self._axes(ax, (7, 0.45 * len(self.flow) + 1.6))
        y = np.arange(len(self.flow))
        dW = [layer.weight_grad_rms for layer in self.flow]
        dZ = [layer.pre_activation_grad_rms for layer in self.flow]
        self.lines_ = [
            *ax.plot(dW, y, color=BLUE, marker="o", label="dL/dW"),
            *ax.plot(dZ, y, color=ORANGE, marker="s", ls="--", label="dL/dZ"),
        ]
        if any(size > 0 for size in (*dW, *dZ)):
            ax.set_xscale("log")
        ax.set_yticks(y, [_label(layer) for layer in self.flow])
        ax.set(xlabel="root mean square of the gradient", ylim=(len(self.flow) - 0.5, -0.5))
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
        ax.grid(axis="x", alpha=0.3)


def _label(layer: LayerGradients) -> str:
    """Return the name of a layer, with its dead and saturated fractions."""
    fractions = {"dead": layer.dead_fraction, "saturated": layer.saturated_fraction}
    known = [f"{name} {value:.0%}" for name, value in fractions.items() if not np.isnan(value)]
    return "\n".join(filter(None, [layer.name, ", ".join(known)]))
