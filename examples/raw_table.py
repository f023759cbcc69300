"""From a raw table with categories, text and missing values to a saved model, without tuning.

The table is generated: rents of flats, with the district, the heating, the size, the year, a
balcony, and missing values. A regressor predicts the rent without preprocessing, and is compared
with boosted trees and with the best possible error; folds give prediction intervals.

The rent is a price per square metre times the size, with a little noise. Such smooth products are
what networks are good at, and trees, which predict steps, need many rows for them. On noisy tables
trees are as good, and with targets that jump at thresholds they are better: docs/tables.md.

    pip install pandas
    python examples/raw_table.py
"""

import tempfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import train_test_split

from sknn import TabularMLPRegressor

DISTRICTS = {"Altstadt": 5.0, "Hafen": 3.0, "Nordend": 1.0, "Wald": 2.0}
HEATINGS = {"gas": 0.0, "district heating": 0.8, "stoves": -2.0}


def flats(n, seed):
    """Return a table of flats, their monthly rents, and the rents without noise."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "district": rng.choice(list(DISTRICTS), n),
            "heating": rng.choice(list(HEATINGS), n, p=[0.6, 0.3, 0.1]),
            "square_metres": rng.gamma(9, 8, n).round(1),
            "built": rng.integers(1890, 2020, n).astype(float),
            "balcony": rng.random(n) < 0.5,
        }
    )
    per_metre = 9 + table["district"].map(DISTRICTS) + table["heating"].map(HEATINGS)
    per_metre += np.where(table["built"] < 1950, 1.5, 0) + 0.02 * (table["built"] - 1990).clip(0)
    usual_rent = per_metre * table["square_metres"] + 40 * table["balcony"]
    rent = usual_rent * rng.normal(1, 0.05, n)
    table["district"] = table["district"].astype("category")
    for column in ("heating", "built"):
        table[column] = table[column].mask(rng.random(n) < 0.15)
    return table, rent, usual_rent


def main():
    """Fit, compare, predict intervals, save and load."""
    X, y, usual = flats(1500, seed=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    print("The raw table:\n")
    print(X_train.head(5).to_string(index=False), "\n")

    model = TabularMLPRegressor(random_state=0).fit(X_train, y_train)
    trees = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0)
    as_categories = {"heating": "category"}
    trees.fit(X_train.astype(as_categories), y_train)
    errors = {
        "TabularMLPRegressor": y_test - model.predict(X_test),
        "HistGradientBoostingRegressor": y_test - trees.predict(X_test.astype(as_categories)),
        "the noise alone": y_test - usual[y_test.index],
    }
    print("Root mean squared error of the rent, with default parameters:")
    for name, error in errors.items():
        print(f"  {name:30} {np.sqrt(np.mean(error**2)):6.1f}")
    print("No model can do better than the noise, or know the missing heatings and years.")

    # five networks, each without a fifth of the rows, on which its errors calibrate the intervals
    folds = TabularMLPRegressor(cv=5, max_iter=60, random_state=0).fit(X_train, y_train)
    low, high = folds.predict_interval(X_test, coverage=0.9).T
    inside = np.mean((low <= y_test) & (y_test <= high))
    print(f"\n{inside:.0%} of the test rents are inside intervals for 90 %.")

    unseen = pd.DataFrame(
        {
            "district": ["Altstadt", "Seeblick"],
            "heating": ["gas", None],
            "square_metres": [70.0, 210.0],
            "built": [1905.0, np.nan],
            "balcony": [True, False],
        }
    )
    print("A common flat, and a large one in an unknown district with much that is missing:")
    ends = folds.predict_interval(unseen, coverage=0.9)
    for rent, (low, high) in zip(folds.predict(unseen), ends, strict=True):
        print(f"  rent {rent:6.0f}, between {low:.0f} and {high:.0f}")
    print(
        "The intervals hold for flats like those of the table. The second is not: do not trust it."
    )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rents.joblib"
        joblib.dump(model, path)
        loaded = joblib.load(path)
        print(
            f"\nSaved in {path.stat().st_size / 1024:.0f} kB and loaded, with the same predictions:"
        )
    assert np.array_equal(loaded.predict(X_test), model.predict(X_test))
    print("  ", loaded.predict(unseen).round())


if __name__ == "__main__":
    main()
