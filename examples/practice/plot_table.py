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
from sknn.inspection import IntervalDisplay

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
# No encoding, scaling or imputation is needed. With ``cv=5`` five networks are trained, each
# without one fifth of the rows. Their mean predicts, and their errors on these rows calibrate
# prediction intervals.

X_train, X_test, y_train, y_test = train_test_split(flats, rent, random_state=0)
model = TabularMLPRegressor(cv=5, max_iter=40, random_state=0).fit(X_train, y_train)
predicted = model.predict(X_test)

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
left.plot(predicted, y_test, ".", markersize=5)
left.axline((600, 600), slope=1, color="black", linewidth=1)
left.set(xlabel="predicted rent", ylabel="rent")
left.set_title(f"test rows: R² = {model.score(X_test, y_test):.2f}")
IntervalDisplay.from_estimator(model, X_test, y_test, coverage=0.9, ax=right)
right.set_ylabel("rent")
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
ends = loaded.predict_interval(unseen, coverage=0.9)
for rent, (low, high) in zip(loaded.predict(unseen), ends, strict=True):
    print(f"{rent:.0f}, between {low:.0f} and {high:.0f}")
