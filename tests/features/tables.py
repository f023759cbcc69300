"""Tables for the tests of the encoder."""

import numpy as np
import pandas as pd


def cells(rng, n=200):
    """Draw a table as a dict of lists: numbers, text and booleans, with missing values."""
    table = {
        "age": np.round(rng.normal(40, 12, size=n), 1).tolist(),
        "rooms": rng.integers(1, 5, size=n).tolist(),
        "city": rng.choice(["Oslo", "Paris", "Rome", "Ulm"], size=n, p=[0.5, 0.3, 0.19, 0.01]),
        "owner": rng.random(n) < 0.5,
    }
    table = {name: list(map(_plain, values)) for name, values in table.items()}
    table["debt"] = np.where(np.arange(n) % 3, 0.0, rng.normal(9000, 900, size=n).round()).tolist()
    for name in ["age", "city", "owner"]:
        for row in rng.choice(n, size=n // 10, replace=False):
            table[name][row] = None
    return table


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def frame(rng, n=200):
    """Draw such a table as a pandas frame."""
    return pd.DataFrame(cells(rng, n))


def state(encoder):
    """Return the fitted attributes of an encoder, exactly comparable."""
    fitted = {name: value for name, value in vars(encoder).items() if name.endswith("_")}
    return {name: _comparable(value) for name, value in fitted.items()}


def _comparable(value):
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    return [_comparable(one) for one in value] if isinstance(value, list) else value
