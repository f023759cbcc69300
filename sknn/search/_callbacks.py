"""scikit-learn's callbacks in a search: a subtask a rung, in it one a chunk of fits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sknn.estimators._sklearn_compat import callback_context


class SearchCallbacks:
    """The callbacks of a search, if it has any.

    Parameters
    ----------
    search : estimator
        The search.
    X, y : object
        Its data.
    params : dict
        Parameters of `fit`.

    Attributes
    ----------
    asks_to_end : bool
        Whether a callback has asked to end the search.
    """

    def __init__(self, search: Any, X: Any, y: Any, params: Mapping[str, Any]) -> None:
        weight = params.get("sample_weight")
        metadata = None if weight is None else {"sample_weight": weight}
        self.arguments = {"estimator": search, "X": X, "y": y, "metadata": metadata}
        self.asks_to_end = False
        self.search = callback_context(search, max_subtasks=None)
        self.rung: Any = None
        self.chunk: Any = None
        if self.search is not None:
            self.search.call_on_fit_task_begin(**self.arguments)

    @contextmanager
    def evaluating(self, n_chunks: int) -> Iterator[None]:
        """Run the subtask of a rung of this number of chunks."""
        self.rung = self._begin(self.search, "rung", n_chunks)
        try:
            yield
        finally:
            self._end(self.rung)
            self.rung = None

    @contextmanager
    def training(self) -> Iterator[None]:
        """Run the subtask of a chunk."""
        self.chunk = self._begin(self.rung, "chunk", None)
        try:
            yield
        finally:
            self._end(self.chunk)
            self.chunk = None

    def after_epoch(self) -> bool:
        """Run the subtask of an epoch of a chunk; return whether a callback asks to end."""
        if self.chunk is not None:
            self._end(self._begin(self.chunk, "epoch", 0))
        return self.asks_to_end

    @contextmanager
    def fitting(self, estimator: Any) -> Iterator[None]:
        """Run the final fit, with the callbacks of the search."""
        if self.search is None:
            yield
            return
        context = self.search.subcontext(task_name="refit")
        with context.propagate_callback_context(estimator):
            context.call_on_fit_task_begin(**self.arguments)
            yield
        context.call_on_fit_task_end(**self.arguments)

    def end(self) -> None:
        """End the search."""
        self._end(self.search)

    def _begin(self, parent: Any, name: str, n_subtasks: int | None) -> Any:
        if parent is None:
            return None
        context = parent.subcontext(task_name=name, max_subtasks=n_subtasks)
        context.call_on_fit_task_begin(**self.arguments)
        return context

    def _end(self, context: Any) -> None:
        if context is not None:
            self.asks_to_end |= bool(context.call_on_fit_task_end(**self.arguments))
