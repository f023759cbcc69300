"""Inspect fitted networks: gradients, layer outputs, adversarial examples, and plots.

No other part of the package imports this one; matplotlib is imported only to draw.
"""

from sknn.inspection._layer_outputs import LayerOutput, layer_outputs
from sknn.inspection.adversarial import adversarial
from sknn.inspection.attributions import Attributions, attributions
from sknn.inspection.displays import (
    AdversarialDisplay,
    AttributionsDisplay,
    GradientFlowDisplay,
    IntervalDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    SearchDisplay,
    WeightsDisplay,
)
from sknn.inspection.features import HiddenFeatures
from sknn.inspection.gradient_flow import LayerGradients, gradient_flow
from sknn.inspection.gradients import input_gradient, saliency

__all__ = [
    "AdversarialDisplay",
    "Attributions",
    "AttributionsDisplay",
    "GradientFlowDisplay",
    "HiddenFeatures",
    "IntervalDisplay",
    "LayerGradients",
    "LayerOutput",
    "LossCurveDisplay",
    "NetworkDisplay",
    "SearchDisplay",
    "WeightsDisplay",
    "adversarial",
    "attributions",
    "gradient_flow",
    "input_gradient",
    "layer_outputs",
    "saliency",
]
