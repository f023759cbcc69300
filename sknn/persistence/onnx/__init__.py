"""Export of fitted models to ONNX graphs."""

from sknn.persistence.onnx.converters import register
from sknn.persistence.onnx.to_onnx import to_onnx

__all__ = ["register", "to_onnx"]
