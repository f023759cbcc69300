"""Displays: pictures of networks, in scikit-learn's convention.

``from_estimator`` computes and draws; ``plot`` draws again, also on axes that exist. What was drawn
is in `ax_` and `figure_`.
"""

from sknn.inspection.displays.adversarial import AdversarialDisplay
from sknn.inspection.displays.flow import GradientFlowDisplay
from sknn.inspection.displays.loss import LossCurveDisplay
from sknn.inspection.displays.network import NetworkDisplay
from sknn.inspection.displays.weights import WeightsDisplay

__all__ = [
    "AdversarialDisplay",
    "GradientFlowDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "WeightsDisplay",
]
