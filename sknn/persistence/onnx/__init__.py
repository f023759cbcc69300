"""Models as ONNX graphs, which run where there is no Python."""

from sknn.persistence.onnx.converters import register
from sknn.persistence.onnx.to_onnx import to_onnx

__all__ = ["register", "to_onnx"]
