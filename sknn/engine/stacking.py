"""Stacked networks: one network with a member axis in the place of several, of unequal widths.

Where members have fewer inputs than others, their arrays are padded at the end: the inputs by
zeros, so that the padding of the weights has gradients of 0 and stays 0.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np

from sknn.engine._repr import ReprMixin
from sknn.engine._typing import Array, Arrays, Rng
from sknn.engine.dropout import Dropout
from sknn.engine.linear import Linear
from sknn.engine.losses import Loss
from sknn.engine.modules import Module, Sequential
from sknn.engine.tabular import Embedding, TabularEncoding

#: The package whose modules and losses accept a member axis.
ENGINE = __name__.rpartition(".")[0]


class MemberModules(Module):
    """The module of each member, applied to the member's own columns one after the other.

    Parameters
    ----------
    modules : sequence of Module
        One for each member, without member axis; `Embedding` is the only type with parameters.
    widths : sequence of (int, int)
        The numbers of input and output columns of each member; further inputs are ignored, and
        further outputs are 0.
    """

    def __init__(self, modules: Sequence[Module], widths: Sequence[tuple[int, int]]) -> None:
        self.members = list(modules)
        self.widths = list(widths)
        self.width = max(k for _, k in widths)  # for the first members only it is the same
        self.weights, self.offsets = modules[0].weights, modules[0].offsets
        self.shapes = [[array.shape for array in module.parameters] for module in modules]
        for i, name in enumerate((*self.weights, *self.offsets)):
            shapes = [of_member[i] for of_member in self.shapes]
            dtype = modules[0].parameters[i].dtype
            setattr(self, name, np.zeros((len(modules), *np.max(shapes, axis=0)), dtype))

    def bind(self) -> None:
        """Make the members' modules hold views of the stacked parameters."""
        self.members = list(map(copy, self.members))
        for i, name in enumerate((*self.weights, *self.offsets)):
            own = self._own_parameters(self.parameters[i], i)
            for module, array in zip(self.members, own, strict=True):
                setattr(module, name, array)

    def first(self, g: int) -> "MemberModules":
        """Return that of the first g members, with views of the same parameters."""
        result = copy(self)
        result.members, result.widths = self.members[:g], self.widths[:g]
        result.shapes = self.shapes[:g]
        for name in (*self.weights, *self.offsets):
            setattr(result, name, getattr(self, name)[:g])
        return result

    def forward(self, u: Array) -> Array:
        """Return the members' outputs, in the memory order of the first one's."""
        inputs = zip(self.members, self.own_inputs(u), strict=True)
        outputs = [module.forward(own) for module, own in inputs]
        g, n, width = len(self.members), u.shape[-2], self.width
        by_column = not outputs[0].flags.c_contiguous
        shape = (g, width, n) if by_column else (g, n, width)
        v = np.zeros(shape, outputs[0].dtype)
        v = v.swapaxes(-1, -2) if by_column else v
        for own, output in zip(self.own_outputs(v), outputs, strict=True):
            own[...] = output
        return v

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return the members' gradients, 0 for the inputs that they do not have."""
        du = np.zeros(u.shape, dv.dtype)
        arrays = (*map(self.own_inputs, (du, u)), *map(self.own_outputs, (v, dv)))
        for module, own, *values in zip(self.members, *arrays, strict=True):
            own[...] = module.backward(*values)
        return du

    def weight_grad(self, u: Array, dv: Array, out: Arrays | None = None) -> Arrays:
        """Return the members' gradients; the padding of the parameters has none."""
        out = [np.zeros_like(array) for array in self.parameters] if out is None else out
        arrays = self.own_inputs(u), self.own_outputs(dv), self.own_gradients(out)
        for module, own_u, own_dv, own_out in zip(self.members, *arrays, strict=True):
            if own_out:
                module.weight_grad(own_u, own_dv, own_out)
        return out

    def own_inputs(self, u: Array) -> Iterator[Array]:
        """Return the columns of `u`, or of its gradient, of each member."""
        return (array[:, :m] for array, (m, _) in zip(u, self.widths, strict=True))

    def own_outputs(self, v: Array) -> Iterator[Array]:
        """Return the columns of `v`, or of its gradient, of each member."""
        return (array[:, :k] for array, (_, k) in zip(v, self.widths, strict=True))

    def own_gradients(self, out: Arrays) -> list[list[Array]]:
        """Return the part of the stacked gradients that belongs to each member."""
        own = [list(self._own_parameters(array, i)) for i, array in enumerate(out)]
        by_member = map(list, zip(*own, strict=True)) if own else [[] for _ in self.members]
        return list(by_member)

    def _own_parameters(self, stacked: Array, i: int) -> Iterator[Array]:
        """Return the own part of a stacked parameter of each member."""
        for array, shapes in zip(stacked, self.shapes, strict=True):
            yield array[tuple(map(slice, shapes[i]))]


class MemberDropoutMask(Module):
    """Dropout with a rate and masks for each member, which are drawn into the same array.

    Parameters
    ----------
    members : sequence of Dropout or None
        That of each member; None for one without dropout.
    n : int
        The largest number of samples.
    u : array of shape (..., k)
        Of the width and dtype of the input.
    """

    def __init__(self, members: Sequence[Dropout | None], n: int, u: Array) -> None:
        self.members = list(members)
        # of each unit: 0 or the scale of its member
        self.factors = np.ones((len(members), n, u.shape[-1]), u.dtype)

    def draw(self, i: int, count: int, rng: Rng) -> None:
        """Draw the masks of the first samples of member i."""
        member = self.members[i]
        if member is not None:
            own = self.factors[i, :count, : member.units]
            own[...] = member.draw((count,), rng)
            own *= member.scale

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``scale u`` where kept, else 0; `u` may be that of the first members only."""
        return np.multiply(u, self._factors_of(u), out=out)

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``scale dv`` where kept, else 0."""
        return np.multiply(dv, self._factors_of(dv), out=out)

    def _factors_of(self, u: Array) -> Array:
        """Return the factors of as many members and samples as an array has."""
        g, n = u.shape[:2]
        return self.factors[:g, :n]


class MemberLosses(Loss):
    """The loss of each member, computed one after the other.

    Parameters
    ----------
    losses : sequence of Loss
        One for each member.
    """

    def __init__(self, losses: Sequence[Loss]) -> None:
        self.losses = list(losses)

    def value(self, z: Array, y: Array) -> Array:
        """Return the losses of all members, shape (g, n)."""
        return np.stack([one.value(*own) for one, *own in zip(self.losses, z, y, strict=False)])

    def gradient(self, z: Array, y: Array) -> Array:
        """Return the gradients of all members, shape (g, n, k)."""
        return self.value_and_gradient(z, y)[1]

    def value_and_gradient(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return both; only the losses of the first members are used if `z` has fewer."""
        own = zip(self.losses, z, y, strict=False)
        values, gradients = zip(*[one.value_and_gradient(*zy) for one, *zy in own], strict=True)
        return np.stack(values), np.stack(gradients)


def stack_losses(losses: Sequence[Loss]) -> Loss:
    """Return a loss of all members: the first if all are equal and of the engine."""
    are_equal = len({settings_of(loss) for loss in losses}) == 1
    return losses[0] if are_equal and _is_built_in(losses[0]) else MemberLosses(losses)


def stack_networks(networks: Sequence[Sequential], inputs: Sequence[Array], n: int) -> Sequential:
    """Return a network with a member axis whose parameters are 0.

    Parameters
    ----------
    networks : sequence of Sequential
        Those of the members; `layout_of` must be the same for all.
    inputs : sequence of arrays of shape (b, m)
        Some inputs of each member, in the dtype of its network.
    n : int
        The largest number of samples in a batch.
    """
    stacked: list[Module] = []
    values = list(inputs)
    for i, place in enumerate(zip(*map(_places, networks), strict=True)):
        if i % 2 == 0:
            if any(place):
                widest = max(values, key=lambda u: u.shape[-1])
                stacked.append(MemberDropoutMask(place, n, widest))
            continue
        outputs = [module.forward(u) for module, u in zip(place, values, strict=True)]
        widths = [(u.shape[-1], v.shape[-1]) for u, v in zip(values, outputs, strict=True)]
        stacked.append(_stack_modules(place, widths))
        values = outputs
    return Sequential(stacked)


def _places(network: Sequential) -> list[Any]:
    """Return the modules in order, and before, between and after them `Dropout` or None."""
    places: list[Any] = [None]
    for module in network.modules:
        if isinstance(module, Dropout):
            places[-1] = module
        else:
            places += [module, None]
    return places


def _stack_modules(modules: Sequence[Any], widths: Sequence[tuple[int, int]]) -> Module:
    """Return one module in the place of those of all members."""
    first = modules[0]
    if type(first) is Linear:
        shape = len(modules), max(m for m, _ in widths), first.W.shape[-1]
        return Linear(np.zeros(shape, first.W.dtype), np.zeros(shape[::2], first.W0.dtype))
    have_one_width = len(set(widths)) == 1 and not first.parameters and _is_built_in(first)
    if have_one_width and (
        all(module is first for module in modules)
        or (type(first) is not TabularEncoding and len(set(map(settings_of, modules))) == 1)
    ):
        return first
    return MemberModules(modules, widths)


def first_members(network: Sequential, g: int) -> Sequential:
    """Return the stacked network of the first g members, with views of the same parameters."""
    modules: list[Module] = []
    for module in network.modules:
        if type(module) is Linear:
            modules.append(Linear(module.W[:g], module.W0[:g]))
        else:
            modules.append(module.first(g) if isinstance(module, MemberModules) else module)
    return Sequential(modules)


def layout_of(network: Sequential) -> tuple[Any, ...] | None:
    """Return the layout that networks to be stacked must share; None if this one cannot be stacked.

    It has all sizes but the number of inputs, and those that an embedding or encoding determines.
    """
    layout: list[Any] = []
    has_linear, before = False, None
    for module in network.modules:
        before, previous = module, before
        if isinstance(module, Dropout):
            if type(module) is not Dropout or isinstance(previous, Dropout):
                return None
        elif type(module) is Linear:
            m, k = module.W.shape
            layout.append((Linear, m if has_linear else None, k, module.W.dtype))
            has_linear = True
        elif type(module) is Embedding and not has_linear:
            layout.append((Embedding, module.E.dtype))
        elif module.parameters or module.is_stochastic:
            return None
        else:
            layout.append(None if has_linear else type(module))
    return tuple(layout) if has_linear else None


def settings_of(component: Any) -> Any:
    """Return what equal components have in common: the type and the settings, to be compared."""
    if isinstance(component, np.ndarray):
        return component.shape, component.dtype, component.tobytes()
    if isinstance(component, list | tuple):
        return type(component), tuple(map(settings_of, component))
    if isinstance(component, dict):
        return tuple((name, settings_of(value)) for name, value in component.items())
    if isinstance(component, int | float | str | np.generic | type(None)):
        return type(component), component
    if isinstance(component, ReprMixin):  # modules, losses, optimizers
        return type(component), settings_of(vars(component))
    return id(component)


def _is_built_in(component: Any) -> bool:
    """Return whether a loss or module, and those that it is composed of, are the engine's."""
    parts = [one for one in vars(component).values() if isinstance(one, Loss | Module)]
    parts += [one for value in vars(component).values() if isinstance(value, list) for one in value]
    ours = type(component).__module__.startswith(ENGINE)
    return ours and all(_is_built_in(one) for one in parts if isinstance(one, Loss | Module))
