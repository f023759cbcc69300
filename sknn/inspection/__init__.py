"""Inspection: look into a fitted network, by numbers and by pictures.

Nothing here is imported by the rest of the package, and matplotlib only when something is drawn.
"""

from sknn.inspection.adversarial import adversarial
from sknn.inspection.displays import (
    AdversarialDisplay,
    GradientFlowDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    WeightsDisplay,
)
from sknn.inspection.features import HiddenFeatures
from sknn.inspection.gradient_flow import LayerGradients, gradient_flow
from sknn.inspection.gradients import input_gradient, saliency
from sknn.inspection.layers import Layer, layer_outputs

__all__ = [
    "AdversarialDisplay",
    "GradientFlowDisplay",
    "HiddenFeatures",
    "Layer",
    "LayerGradients",
    "LossCurveDisplay",
    "NetworkDisplay",
    "WeightsDisplay",
    "adversarial",
    "gradient_flow",
    "input_gradient",
    "layer_outputs",
    "saliency",
]
