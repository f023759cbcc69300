"""
From a raw table to a saved model
=================================

A raw table has text, categories, booleans, numbers on any scale, and missing values.
``TabularMLPRegressor`` needs no preprocessing, and neither does the saved model.
"""

import io

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from sknn import TabularMLPRegressor

rng = np.random.default_rng(0)
n = 400
flats = pd.DataFrame(
    {
        "district": pd.Categorical(rng.choice(["Altstadt", "Hafen", "Nordend"], n)),
        "heating": rng.choice(["gas", "district heating", "stoves"], n, p=[0.6, 0.3, 0.1]),
        "square_metres": rng.gamma(9, 8, n).round(1),
        "balcony": rng.random(n) < 0.5,
    }
)
per_metre = 10 + 3.0 * (flats["district"] == "Altstadt") - 2.0 * (flats["heating"] == "stoves")
rent = (per_metre * flats["square_metres"] + 40 * flats["balcony"]) * rng.normal(1, 0.07, n)
flats["heating"] = flats["heating"].mask(rng.random(n) < 0.15)  # missing values
print(flats.head().to_string(index=False))

# %%
# No encoding, scaling or imputation is needed. The spread of two members shows the uncertainty of
# the model; the quantiles of a second model give a prediction interval for the rent.

X_train, X_test, y_train, y_test = train_test_split(flats, rent, random_state=0)
model = TabularMLPRegressor(n_members=2, max_iter=15, random_state=0).fit(X_train, y_train)
band = TabularMLPRegressor(loss="quantile", quantile=[0.05, 0.95], max_iter=25, random_state=0)
low, high = band.fit(X_train, y_train).predict(X_test).T
predicted = model.predict(X_test)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
left.plot(predicted, y_test, ".", markersize=4)
left.axline((0, 0), slope=1, color="black", linewidth=1)
left.set(title=f"R² = {model.score(X_test, y_test):.2f}", xlabel="predicted rent", ylabel="rent")
order = np.argsort(predicted)[::3]
right.vlines(
    np.arange(len(order)), low[order], high[order], color="C0", alpha=0.5, label="5 % to 95 %"
)
right.plot(np.arange(len(order)), y_test.to_numpy()[order], "C1^", markersize=4, label="rent")
right.set(title=f"{np.mean((low <= y_test) & (y_test <= high)):.0%} of the test rents are inside")
right.set(xlabel="every third test flat, by predicted rent")
right.legend(loc="upper left")
plt.show()

# %%
# Save the model, load it, and predict for flats with an unknown district and a missing size.

saved = io.BytesIO()  # or a path
joblib.dump(model, saved)
saved.seek(0)
loaded = joblib.load(saved)
unseen = pd.DataFrame(
    {
        "district": ["Altstadt", "Seeblick"],
        "heating": ["gas", None],
        "square_metres": [70.0, np.nan],
        "balcony": [True, False],
    }
)
for rent, spread in zip(*loaded.predict(unseen, return_std=True), strict=True):
    print(f"{rent:.0f}, standard deviation {spread:.0f}")
