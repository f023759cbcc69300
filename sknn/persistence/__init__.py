"""Loading model files, checkpoints, and conversion to ONNX and scikit-learn."""

from sknn.persistence.checkpoints import Checkpoint
from sknn.persistence.models import load

__all__ = ["Checkpoint", "load"]
