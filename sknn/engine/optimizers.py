"""Optimizers: rules that turn a gradient into a step.

The solver computes the learning rate and applies gradient clipping and weight decay.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from sknn.engine import _compiled
from sknn.engine._linalg import add_scaled, bind_add_scaled, chunks, scalars
from sknn.engine._repr import ReprMixin
from sknn.engine._typing import Array, Calls

#: The state between steps: arrays of the shape of the parameters, and numbers.
State: TypeAlias = dict[str, Any]

#: Makes a step with the learning rate.
BoundStep: TypeAlias = Callable[[float], None]


class Optimizer(ReprMixin, ABC):
    """A rule that turns a gradient into a step, with settings but without state of its own.

    Attributes
    ----------
    is_elementwise : bool
        Whether each parameter is updated from its own gradient and state only, so that one step may
        update several networks. It counts only in the class itself that defines it.
    """

    is_elementwise: bool = False

    @abstractmethod
    def init(self, params: Array) -> State:
        """Return the state before the first step: arrays and numbers, by name.

        Parameters
        ----------
        params : array
            The parameters; only their shape and type are used.
        """

    @abstractmethod
    def step(self, params: Array, grads: Array, state: State, rate: float) -> None:
        """Update the parameters in place.

        Parameters
        ----------
        params : array
            The parameters; changed in place.
        grads : array of the same shape
            The gradient of the objective; not changed.
        state : dict
            The state, from `init`; changed in place.
        rate : float
            The learning rate of this step.
        """

    def bind(self, params: Array, grads: Array, state: State) -> BoundStep:
        """Return a function of the rate that makes a step with these arrays.

        It counts only in the class itself that defines it: a subclass may have another `step`.

        Parameters
        ----------
        params, grads, state : object
            As in `step`. The same arrays are used in each step, and numbers are read from `state`.
        """
        return partial(_make_step, self, params, grads, state)


class SGD(Optimizer):
    """Gradient descent with momentum: ``v = momentum v - rate g``, then ``w = w + v``.

    Parameters
    ----------
    momentum : float, default=0.0
        The fraction of the last step that is added, in [0, 1]; 0 is plain gradient descent.
    nesterov : bool, default=False
        Use Nesterov's momentum, ``w = w + momentum v - rate g``. Sutskever, Martens, Dahl and
        Hinton (2013), "On the Importance of Initialization and Momentum in Deep Learning", in the
        form of Bengio, Boulanger-Lewandowski and Pascanu (2013), "Advances in Optimizing Recurrent
        Networks", where w is the look-ahead point.
    """

    is_elementwise = True

    def __init__(self, momentum: float = 0.0, nesterov: bool = False) -> None:
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be in [0, 1], got {momentum}.")
        self.momentum = momentum
        self.nesterov = nesterov

    def init(self, params: Array) -> State:
        """Return a velocity of 0."""
        return {"velocity": np.zeros_like(params)}

    def step(self, params: Array, grads: Array, state: State, rate: float) -> None:
        """Update the velocity and add it, or its Nesterov form, to the parameters."""
        self.bind(params, grads, state)(rate)

    def bind(self, params: Array, grads: Array, state: State) -> BoundStep:
        """Bind `step` to arrays."""
        velocity = state["velocity"]
        name, constants = "sgd_nesterov" if self.nesterov else "sgd", (self.momentum,)
        if compiled := _compiled.bind(name, params, grads, velocity, constants=constants):
            return lambda rate: compiled(-rate)
        (momentum,) = scalars(params.dtype, self.momentum)
        add_gradient = bind_add_scaled(velocity, grads)
        if not self.nesterov:

            def step(rate: float) -> None:
                np.multiply(velocity, momentum, velocity)
                add_gradient(-rate)
                np.add(params, velocity, params)

            return step
        add_velocity = bind_add_scaled(params, velocity)
        add_gradient_now = bind_add_scaled(params, grads)

        def nesterov_step(rate: float) -> None:
            np.multiply(velocity, momentum, velocity)
            add_gradient(-rate)
            add_velocity(self.momentum)
            add_gradient_now(-rate)

        return nesterov_step


class Adam(Optimizer):
    """Adam: steps scaled by moving averages of the gradient and of its square.

    Kingma and Ba (2015), "Adam: A Method for Stochastic Optimization", in the efficient form at
    the end of its section 2: both corrections are folded into the rate, and `epsilon` is added to
    the uncorrected root, as in scikit-learn (PyTorch adds it to the corrected one).

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        The decay rates of the two averages, in [0, 1).
    epsilon : float, default=1e-8
        Added to the denominator, for numerical stability.
    """

    is_elementwise = True

    def __init__(self, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> None:
        _check_averages(epsilon, beta_1=beta_1, beta_2=beta_2)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def init(self, params: Array) -> State:
        """Return moments of 0."""
        return {"t": 0, "first": np.zeros_like(params), "second": np.zeros_like(params)}

    def step(self, params: Array, grads: Array, state: State, rate: float) -> None:
        """Update both moments and subtract their scaled ratio.

        The moments are kept as sums ``s = beta s + g``, which takes two operations less; the
        factors ``1 - beta`` of the averages are folded into the rate and into epsilon.
        """
        self.bind(params, grads, state)(rate)

    def bind(self, params: Array, grads: Array, state: State) -> BoundStep:
        """Bind `step` to arrays."""
        root = (1 - self.beta_2) ** 0.5
        add_ratio = self._bind_ratio(params, grads, state, self.epsilon / root)

        def step(rate: float) -> None:
            t = state["t"] = state["t"] + 1
            correction = (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
            add_ratio(-rate * (correction * (1 - self.beta_1) / root))

        return step

    def _bind_ratio(self, params: Array, grads: Array, state: State, epsilon: float) -> BoundStep:
        """Return a function of a that updates both moments and adds a times their ratio."""
        constants = self.beta_1, self.beta_2, epsilon
        moments = state["first"], state["second"]
        beta_1, beta_2, least = scalars(params.dtype, *constants)
        compiled = _compiled.bind("adam", params, grads, *moments, constants=constants)
        if compiled and least > 0:  # NumPy warns of a division by an epsilon that is rounded to 0
            return compiled
        scratch = np.empty(())
        updates: list[tuple[Calls, BoundStep]] = []
        for w, g, first, second in chunks(params, grads, *moments):
            if scratch.shape != w.shape:
                scratch = np.empty_like(w)
            calls: Calls = [
                partial(np.multiply, first, beta_1, first),
                partial(np.add, first, g, first),
                partial(np.multiply, g, g, scratch),
                partial(np.multiply, second, beta_2, second),
                partial(np.add, second, scratch, second),
                partial(np.sqrt, second, scratch),
                partial(np.add, scratch, least, scratch),
                partial(np.divide, first, scratch, scratch),
            ]
            updates.append((calls, bind_add_scaled(w, scratch)))

        def add_ratios(a: float) -> None:
            for calls, add_ratio in updates:
                for call in calls:
                    call()
                add_ratio(a)

        return add_ratios


class RMSprop(Optimizer):
    """RMSprop: steps scaled by a moving average of the squared gradient.

    Tieleman and Hinton (2012), "Lecture 6.5 - RMSprop: Divide the Gradient by a Running Average of
    Its Recent Magnitude".

    Parameters
    ----------
    beta : float, default=0.99
        The decay rate of the average, in [0, 1).
    epsilon : float, default=1e-8
        Added to the denominator, for numerical stability.
    """

    is_elementwise = True

    def __init__(self, beta: float = 0.99, epsilon: float = 1e-8) -> None:
        _check_averages(epsilon, beta=beta)
        self.beta = beta
        self.epsilon = epsilon

    def init(self, params: Array) -> State:
        """Return an average of 0."""
        return {"square": np.zeros_like(params)}

    def step(self, params: Array, grads: Array, state: State, rate: float) -> None:
        """Update the average and subtract the scaled gradient."""
        for w, g, square in chunks(params, grads, state["square"]):
            scratch = g * g
            scratch *= 1 - self.beta
            square *= self.beta
            square += scratch
            np.sqrt(square, out=scratch)
            scratch += self.epsilon
            np.divide(g, scratch, out=scratch)
            add_scaled(w, scratch, -rate)


def bind_optimizer(optimizer: Optimizer, params: Array, grads: Array, state: State) -> BoundStep:
    """Return a function of the rate that makes a step, as the optimizer's own class defines it.

    Parameters
    ----------
    optimizer, params, grads, state : object
        As in `Optimizer.bind`.
    """
    bind = optimizer.bind if "bind" in vars(type(optimizer)) else partial(Optimizer.bind, optimizer)
    return bind(params, grads, state)


def is_elementwise(optimizer: Optimizer) -> bool:
    """Return whether one step of the optimizer may update several networks."""
    return bool(vars(type(optimizer)).get("is_elementwise", False))


def _make_step(optimizer: Optimizer, *arguments: Any) -> None:
    """Make a step of an optimizer.

    Raises
    ------
    TypeError
        If it returns anything.
    """
    if optimizer.step(*arguments) is not None:
        raise TypeError(
            f"{type(optimizer).__name__}.step must change params in place (params -= ...) and "
            "return None."
        )


def _check_averages(epsilon: float, **betas: float) -> None:
    """Raise ValueError for a beta outside [0, 1) or an epsilon that is not above 0."""
    for name, beta in betas.items():
        if not 0 <= beta < 1:
            raise ValueError(f"{name} must be in [0, 1), got {beta}.")
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, got {epsilon}.")
