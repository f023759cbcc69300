"""From a raw table with categories, text and missing values to a saved model, without tuning.

The table is generated: rents of flats, with the district, the heating, the size, the year, a
balcony, and missing values. A regressor predicts the rent without preprocessing, eight members show
the spread of the predictions, and quantiles give a prediction interval.

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
    """Return a table of flats and their monthly rents."""
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
    rent = per_metre * table["square_metres"] + 40 * table["balcony"]
    rent *= rng.normal(1, 0.05, n)
    table["district"] = table["district"].astype("category")
    for column in ("heating", "built"):
        table[column] = table[column].mask(rng.random(n) < 0.15)
    return table, rent


def main():
    """Fit, compare, print the spread and the interval, save and load."""
    X, y = flats(1500, seed=0)
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
    }
    print("Root mean squared error of the rent, with default parameters:")
    for name, error in errors.items():
        print(f"  {name:30} {np.sqrt(np.mean(error**2)):6.1f}")

    unseen = pd.DataFrame(
        {
            "district": ["Altstadt", "Seeblick"],
            "heating": ["gas", None],
            "square_metres": [70.0, 210.0],
            "built": [1905.0, np.nan],
            "balcony": [True, False],
        }
    )
    ensemble = TabularMLPRegressor(n_members=8, max_iter=30, random_state=0).fit(X_train, y_train)
    rents, stds = ensemble.predict(unseen, return_std=True)
    print("\nEight members, for a common flat and for an unseen district:")
    for rent, std in zip(rents, stds, strict=True):
        print(f"  rent {rent:6.0f}, standard deviation {std:.0f}")

    interval = TabularMLPRegressor(loss="quantile", quantile=[0.05, 0.95], random_state=0)
    low, high = interval.fit(X_train, y_train).predict(X_test).T
    inside = np.mean((low <= y_test) & (y_test <= high))
    print(f"\n{inside:.0%} of the test flats are between the quantiles 5 % and 95 %.")

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
