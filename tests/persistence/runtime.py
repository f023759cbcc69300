"""ONNX graphs run on arrays and frames."""

import numpy as np
import pytest

ort = pytest.importorskip("onnxruntime")  # who imports this is skipped, too

#: Types of inputs.
DTYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(string)": object,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}


def run(model, X):
    """Return what a graph gives for the rows of X, by the names of its outputs."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    providers = ["CPUExecutionProvider"]
    session = ort.InferenceSession(model.SerializeToString(), options, providers=providers)
    types = {one.name: one.type for one in session.get_inputs()}
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, feeds(X, types)), strict=True))


def feeds(X, types):
    """Return a matrix as one input, or each column of a frame as one."""
    if isinstance(X, np.ndarray) and list(types) == ["X"]:
        return {"X": X.astype(DTYPES[types["X"]])}
    return {name: column(X[name], kind) for name, kind in types.items()}


def column(cells, kind):
    """Return a column of a frame as a matrix, what is missing as NaN or as empty text."""
    dtype = DTYPES[kind]
    missing = "" if dtype is object else np.nan
    return np.array(cells.astype(object).where(cells.notna(), missing).tolist(), dtype)[:, None]
