"""Plots of networks and searches, with the API of scikit-learn's displays.

``from_estimator`` computes and draws; ``plot`` draws again, also on given axes. Axes and figure
are `ax_` and `figure_`.
"""

from sknn.inspection.displays.adversarial_display import AdversarialDisplay
from sknn.inspection.displays.attributions_display import AttributionsDisplay
from sknn.inspection.displays.gradient_flow_display import GradientFlowDisplay
from sknn.inspection.displays.interval_display import IntervalDisplay
from sknn.inspection.displays.loss_curve_display import LossCurveDisplay
from sknn.inspection.displays.network_display import NetworkDisplay
from sknn.inspection.displays.search_display import SearchDisplay
from sknn.inspection.displays.weights_display import WeightsDisplay

__all__ = [
    "AdversarialDisplay",
    "AttributionsDisplay",
    "GradientFlowDisplay",
    "IntervalDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "SearchDisplay",
    "WeightsDisplay",
]
