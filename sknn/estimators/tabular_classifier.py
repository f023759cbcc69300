"""TabularMLPClassifier."""

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

from sknn.engine import Loss, Optimizer
from sknn.engine.types import Array
from sknn.estimators.classification import Classification
from sknn.estimators.classifier import MLPClassifier
from sknn.estimators.docs import with_entries_of
from sknn.estimators.sklearn_private import Interval, StrOptions
from sknn.estimators.tabular import Tabular


@with_entries_of(MLPClassifier)
class TabularMLPClassifier(Tabular, Classification):
    """Multilayer perceptron classifier for tables as they are.

    Columns of numbers, categories, text, True and False, with missing values, on any scale: each is
    encoded by what it holds (see :class:`~sknn.TableEncoder`), batch by batch. The defaults were
    found by measuring on many tables; `partial_fit` keeps the encoding of its first call.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Which columns are categories: by their types (categories, text, True and False), none, or
        those of a boolean mask, of column numbers, or of names.
    n_bins : int or "auto", default="auto"
        Columns of numbers are also encoded in so many pieces at most, between the quantiles of
        training; 0 for none. "auto" is 48, or so many fewer that all columns have about 256
        together (but at least 2) and that each has 64 rows (but at least 4).
    min_frequency : int, default=5
        Levels that are rarer in training share a place, which unseen levels have too.
    label_smoothing : float or "auto", default="auto"
        The share of each row's probability that is spread evenly over the classes before training
        (over yes and no of each label), in [0, 1). "auto" is 0.05 for losses that give
        probabilities, and 0 for others.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch; "auto" is ``min(128, n_samples)``.
    max_iter : int or "auto", default="auto"
        Epochs at most. "auto" makes 2500 steps: as many epochs as that takes, but at least 10 and
        at most 120. For its size, a table has the sum of the sample weights, if that is more
        than its rows.
    weight_decay : float or "auto", default="auto"
        Of "adamw": each step first shrinks the weights, not the offsets, by the factor
        ``1 - rate * weight_decay * share ** decay_by_loss``, with the share of the loss that is
        still to be explained. "auto" is 10, and beyond 1000 rows in proportion less.
    dtype : {"auto", "float32", "float64"}, default="auto"
        The type of all arithmetic. "auto" is float32 if X is, or if it is large once it is encoded
        (more than 20 000 numbers), and float64 otherwise; `partial_fit` decides at its first call.

    Attributes
    ----------
    encoder_ : TableEncoder
        How columns are encoded; its `get_feature_names_out` names the rows of ``coefs_[0]``.

    See Also
    --------
    TabularMLPRegressor : The same for real targets.
    MLPClassifier : The same network for numbers, with scikit-learn's defaults.
    TableEncoder : The encoding by itself.

    Notes
    -----
    Rows that are held back for early stopping, or given as X_val, have no part in the encoding, and
    neither has y. The offsets of the output begin at the logarithms of the classes' shares.
    Pieces of numbers rise to 0.4, so that what is learned from them changes more slowly.

    Examples
    --------
    >>> import pandas as pd
    >>> from sknn import TabularMLPClassifier
    >>> table = pd.DataFrame(
    ...     {"colour": ["red", "blue", None, "red"] * 25, "size": [1.0, None, 30.0, 4.0] * 25}
    ... )
    >>> y = ["apple", "plum", "melon", "apple"] * 25
    >>> model = TabularMLPClassifier(max_iter=20, random_state=0).fit(table, y)
    >>> model.predict(pd.DataFrame({"colour": ["green", "blue"], "size": [33.0, None]}))
    array(['melon', 'plum'], dtype='<U5')
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Classification._parameter_constraints,
        **Tabular._parameter_constraints,
        "label_smoothing": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    }

    def _smoothing(self, loss: Loss) -> float:
        if self.label_smoothing == "auto":
            return 0.05 if loss.has_probabilities else 0.0
        return super()._smoothing(loss)

    def __init__(
        self,
        hidden_layer_sizes: Any = (256, 128),
        activation: Any = "silu",
        *,
        categorical_features: Any = "from_dtype",
        n_bins: int | str = "auto",
        min_frequency: int = 5,
        loss: str | Loss = "auto",
        label_smoothing: float | str = "auto",
        class_weight: Any = None,
        solver: str | Optimizer = "adamw",
        alpha: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate: str | Callable[[int], float] = "one_cycle",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int | str = "auto",
        max_fun: int = 15000,
        max_time: float | None = None,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        early_stopping: bool | str = False,
        validation_fraction: float = 0.1,
        scoring: Any = None,
        refit: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.97,
        epsilon: float = 1e-8,
        weight_decay: float | str = "auto",
        decay_by_loss: float = 2.0,
        clip_gradient_norm: float | None = None,
        dropout: Any = 0.15,
        n_iter_no_change: float = 10,
        initialization: str | Callable[..., Array] = "he_normal",
        n_members: int = 1,
        dtype: str = "auto",
    ) -> None:
        self._store(locals())
