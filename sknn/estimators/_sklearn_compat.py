"""All private names of scikit-learn that this package uses."""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from sklearn.base import _clone_parametrized as clone_parametrized
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils import check_random_state, metaestimators
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

if TYPE_CHECKING:
    # scikit-learn has no types: with its classes as bases, a type checker would accept anything
    from sklearn.utils import Tags

    class BaseEstimator:
        """The methods of scikit-learn's `BaseEstimator`."""

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def get_metadata_routing(self) -> Any: ...
        def set_fit_request(self, **requests: bool | str | None) -> Self: ...
        def set_partial_fit_request(self, **requests: bool | str | None) -> Self: ...
        def set_predict_request(self, **requests: bool | str | None) -> Self: ...
        def set_score_request(self, **requests: bool | str | None) -> Self: ...
        def __sklearn_tags__(self) -> Tags: ...
        def _validate_params(self) -> None: ...
        def _get_params_html(self, deep: bool = True, doc_link: str = "") -> Any: ...
        @classmethod
        def _get_param_names(cls) -> list[str]: ...

    class ClassifierMixin:
        """The methods of scikit-learn's `ClassifierMixin`."""

        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float: ...

    class RegressorMixin:
        """The methods of scikit-learn's `RegressorMixin`."""

    class CallbackSupportMixin:
        """The methods of scikit-learn's `CallbackSupportMixin` (1.9)."""

        def set_callbacks(self, *callbacks: Any) -> Self: ...

else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    try:
        from sklearn.callback import CallbackSupportMixin as _CallbackSupportMixin

        class CallbackSupportMixin(_CallbackSupportMixin):
            """Support of callbacks, with an error that says what is no callback."""

            def set_callbacks(self, *callbacks: Any) -> Self:
                """Set the callbacks of `fit`, instead of those set before.

                Parameters
                ----------
                *callbacks : callback instances
                    Any number of them, as separate arguments; none removes all.

                Returns
                -------
                self : estimator
                    The estimator itself.

                Raises
                ------
                TypeError
                    If one is no instance with the methods of a callback.
                """
                try:
                    return super().set_callbacks(*callbacks)
                except TypeError as error:
                    raise TypeError(f"{error} {_advice(callbacks)}") from None

    except ImportError:  # before scikit-learn 1.9

        class CallbackSupportMixin:
            """Placeholder for versions of scikit-learn without callbacks."""


def _advice(callbacks: Sequence[Any]) -> str:
    """Return what to do about callbacks that scikit-learn refuses."""
    for one in callbacks:
        if isinstance(one, list | tuple | set):
            kind = type(one).__name__
            return f"Got a {kind}: pass them one by one, as set_callbacks(*callbacks)."
        if isinstance(one, type):
            return f"Got the class {one.__name__}: pass an instance, {one.__name__}(...)."
    methods = "setup, on_fit_task_begin, on_fit_task_end and teardown"
    return f"Got {', '.join(map(repr, callbacks))}. A callback has the methods {methods}."


class KnownParamNames(BaseEstimator):
    """Reads the names of the parameters from the signature once for each class.

    Otherwise `get_params` and `clone`, of which a search makes thousands, take 0.3 ms each.
    """

    _param_names: ClassVar[tuple[str, ...]]

    @classmethod
    def _get_param_names(cls) -> list[str]:
        if "_param_names" not in vars(cls):
            cls._param_names = tuple(super()._get_param_names())
        return list(cls._param_names)


Method = TypeVar("Method", bound=Callable[..., Any])


def available_if(check: Callable[[Any], bool]) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator `available_if`, typed so that it keeps signatures."""
    decorator: Callable[[Method], Method] = metaestimators.available_if(check)
    return decorator


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[Method], Method]:
    """Return scikit-learn's decorator of `fit`, which validates parameters, with types."""
    decorator: Callable[[Method], Method] = _fit_context(
        prefer_skip_nested_validation=prefer_skip_nested_validation
    )
    return decorator


#: Name of the attribute with the callbacks of an estimator.
CALLBACKS = "_skl_callbacks"


def callbacks_of(estimator: "BaseEstimator") -> Sequence[Any]:
    """Return the callbacks that are set on an estimator."""
    return getattr(estimator, CALLBACKS, [])


def callback_context(estimator: BaseEstimator, max_subtasks: int | None) -> Any:
    """Return scikit-learn's callback context of a fit; None if there are no callbacks."""
    if not callbacks_of(estimator):
        return None
    context: Any = estimator
    return context._init_callback_context(max_subtasks=max_subtasks)


def complete_mlp(theirs: Any, labels: Any) -> None:
    """Set the private attributes of scikit-learn's MLP, as at the start of training."""
    if labels is not None:
        theirs._label_binarizer = labels
    theirs._random_state = check_random_state(theirs.random_state)
    theirs._no_improvement_count = 0
    theirs._best_coefs = [W.copy() for W in theirs.coefs_]
    theirs._best_intercepts = [W0.copy() for W0 in theirs.intercepts_]


#: Lets `check_sample_weight` accept weights that are all 0, which some versions refuse.
ZERO_WEIGHTS: dict[str, Any] = (
    {"allow_all_zero_weights": True}
    if "allow_all_zero_weights" in signature(check_sample_weight).parameters
    else {}
)

__all__ = [
    "CALLBACKS",
    "ZERO_WEIGHTS",
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "HasMethods",
    "Interval",
    "KnownParamNames",
    "Options",
    "RegressorMixin",
    "StrOptions",
    "available_if",
    "callback_context",
    "callbacks_of",
    "check_sample_weight",
    "clone_parametrized",
    "complete_mlp",
    "fit_context",
    "safe_indexing",
]
