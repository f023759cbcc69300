"""Rescaling of raw outputs: quantiles in other units, and their gradient."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn.engine import Quantile
from sknn.engine.rescaling import QuantileRescaling


def module_and_inputs(n_outputs=2, members=()):
    """Return a rescaling of three quantiles, and raw outputs."""
    rng = np.random.default_rng(0)
    loss = Quantile([0.1, 0.5, 0.9])
    axis = (*members, 1) if members else ()
    ratio, shift = rng.uniform(0.5, 2, (2, *axis, n_outputs))
    ratio, shift = np.repeat(ratio, 3, axis=-1), np.repeat(shift, 3, axis=-1)
    return QuantileRescaling(loss, ratio, shift), rng.normal(size=(*members, 5, 3 * n_outputs))


@pytest.mark.parametrize("members", [(), (4,)])
def test_quantiles_are_those_in_other_units(members):
    """Scaled and shifted, with a member axis and without."""
    module, u = module_and_inputs(members=members)
    quantiles = module.loss.inverse_link(u)
    expected = quantiles * module.ratio + module.shift
    assert_allclose(module.loss.inverse_link(module.forward(u)), expected, rtol=1e-10)


@pytest.mark.parametrize("members", [(), (4,)])
def test_gradient_agrees_with_central_differences(members):
    """In a random direction of the inputs and of the outputs."""
    module, u = module_and_inputs(members=members)
    rng = np.random.default_rng(1)
    t, dv = rng.normal(size=u.shape), rng.normal(size=u.shape)
    step = 1e-6
    difference = module.forward(u + step * t) - module.forward(u - step * t)
    du = module.backward(u, module.forward(u), dv)
    assert_allclose((du * t).sum(), (dv * difference).sum() / (2 * step), rtol=1e-6)
