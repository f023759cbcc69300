"""TabularMLPRegressor."""

from collections.abc import Callable
from typing import Any, ClassVar

from sknn.engine import Loss, Optimizer
from sknn.engine.types import Array
from sknn.estimators.docs import with_entries_of
from sknn.estimators.regression import Regression
from sknn.estimators.regressor import MLPRegressor
from sknn.estimators.tabular import Tabular


@with_entries_of(MLPRegressor)
class TabularMLPRegressor(Tabular, Regression):
    """Multilayer perceptron regressor for tables as they are.

    Columns of numbers, categories, text, True and False, with missing values, on any scale: each is
    encoded by what it holds (see :class:`~sknn.TableEncoder`), batch by batch. The defaults were
    found by measuring on many tables; `partial_fit` keeps the encoding of its first call.

    Parameters
    ----------
    categorical_features : "from_dtype", None or array-like, default="from_dtype"
        Which columns are categories: by their types (categories, text, True and False), none, or
        those of a boolean mask, of column numbers, or of names.
    n_bins : int or "auto", default=48
        Columns of numbers are also encoded in so many pieces at most, between the quantiles of
        training; 0 for none. "auto" is 48, or so many fewer that all columns have about 256
        together (but at least 2) and that each has 64 rows (but at least 4).
    min_frequency : int, default=5
        Levels that are rarer in training share a place, which unseen levels have too.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch; "auto" is ``min(128, n_samples)``.
    max_iter : int or "auto", default="auto"
        Epochs at most. "auto" makes 2500 steps: as many epochs as that takes, but at least 10 and
        at most 300 (60 for "quantile", whose intervals would become too narrow). For its size, a
        table has the sum of the sample weights, if that is more than its rows.
    weight_decay : float or "auto", default="auto"
        Of "adamw": each step first shrinks the weights, not the offsets, by the factor
        ``1 - rate * weight_decay * share ** decay_by_loss``, with the share of the loss that is
        still to be explained. "auto" is 10, and beyond 2500 rows in proportion less.
    dtype : {"auto", "float32", "float64"}, default="auto"
        The type of all arithmetic. "auto" is float32 if X is, or if it is large once it is encoded
        (more than 20 000 numbers), and float64 otherwise; `partial_fit` decides at its first call.

    Attributes
    ----------
    encoder_ : TableEncoder
        How columns are encoded; its `get_feature_names_out` names the rows of ``coefs_[0]``.

    See Also
    --------
    TabularMLPClassifier : The same for labels.
    MLPRegressor : The same network for numbers, with scikit-learn's defaults.
    TableEncoder : The encoding by itself.

    Notes
    -----
    Rows that are held back for early stopping, or given as X_val, have no part in the encoding or
    in the units of y, and y has none in the encoding. The offsets of the output begin at the mean.
    Pieces of numbers rise to 0.4, so that what is learned from them changes more slowly.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sknn import TabularMLPRegressor
    >>> rng = np.random.RandomState(0)
    >>> town, rooms = rng.choice(["Ulm", "Bonn"], 300), rng.randint(1, 7, 300)
    >>> table = pd.DataFrame({"town": town, "rooms": rooms})
    >>> rent = 200.0 * rooms + 150.0 * (town == "Bonn")
    >>> model = TabularMLPRegressor(n_members=4, max_iter=30, random_state=0).fit(table, rent)
    >>> mean, std = model.predict(table[:2], return_std=True)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **Regression._parameter_constraints,
        **Tabular._parameter_constraints,
    }

    _decayed = 2500

    @property
    def _most_epochs(self) -> int:
        return 60 if self.loss == "quantile" else 300

    def __init__(
        self,
        hidden_layer_sizes: Any = (256, 128),
        activation: Any = "silu",
        *,
        categorical_features: Any = "from_dtype",
        n_bins: int | str = 48,
        min_frequency: int = 5,
        loss: str | Loss = "auto",
        quantile: Any = 0.5,
        huber_delta: float = 1.0,
        standardize_y: bool = True,
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
        dropout: Any = 0.0,
        n_iter_no_change: float = 10,
        initialization: str | Callable[..., Array] = "he_normal",
        n_members: int = 1,
        dtype: str = "auto",
    ) -> None:
        self._store(locals())
