"""
What a table's columns contribute
=================================

scikit-learn's inspection tools work with a raw table, too. The *permutation importance* of a column
is how much the score falls if its values are shuffled; the *partial dependence* is the mean
prediction if all rows had the same value in a column.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split

from sknn import TabularMLPRegressor

# %%
# Rents of flats. How they are made is known here: the price of a square metre depends on the
# district and the heating, and is higher in houses from before 1950. The number of the house plays
# no role.

rng = np.random.default_rng(0)
n = 800
flats = pd.DataFrame(
    {
        "district": rng.choice(["Altstadt", "Hafen", "Nordend", "Wald"], n),
        "heating": rng.choice(["gas", "district heating", "stoves"], n, p=[0.6, 0.3, 0.1]),
        "square_metres": rng.gamma(9, 8, n).round(1),
        "built": rng.integers(1890, 2020, n).astype(float),
        "balcony": rng.random(n) < 0.5,
        "house_number": rng.integers(1, 200, n),
    }
)
per_metre = 10 + flats["district"].map({"Altstadt": 4, "Hafen": 2, "Nordend": 0, "Wald": 1})
per_metre += 2 * (flats["built"] < 1950) - 2 * (flats["heating"] == "stoves")
rent = (per_metre * flats["square_metres"] + 40 * flats["balcony"]) * rng.normal(1, 0.05, n)

X_train, X_test, y_train, y_test = train_test_split(flats, rent, random_state=0)
model = TabularMLPRegressor(n_members=2, cv=None, max_iter=60, random_state=0)
model.fit(X_train, y_train)
print(f"R2 = {model.score(X_test, y_test):.3f}")

# %%
# Shuffling the sizes makes the predictions useless, shuffling the house numbers changes nothing.
# The importances are those of this model on test rows; of two columns that say the same, either may
# seem unimportant.

importance = permutation_importance(model, X_test, y_test, n_repeats=10, random_state=0)
order = np.argsort(importance.importances_mean)

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
bars = ax.barh(flats.columns[order], importance.importances_mean[order])
ax.bar_label(bars, fmt="%.3f", padding=4)
ax.set(xlabel="decrease of R2 if the column is shuffled")
ax.margins(x=0.12)
plt.show()

# %%
# The partial dependence shows how the rent depends on a column: almost in proportion to the size,
# lower after 1950 (the network smooths the step), and by district. The thin lines are single flats,
# the thick ones their mean.

fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), sharey=True, layout="constrained")
PartialDependenceDisplay.from_estimator(
    model, X_train, ["square_metres", "built", "district"], categorical_features=["district"],
    kind=["both", "both", "average"], subsample=30, grid_resolution=40, random_state=0, ax=axes,
    ice_lines_kw={"color": "C0", "alpha": 0.3}, pd_line_kw={"color": "C1", "linestyle": "-"},
)  # fmt: skip
for ax, label in zip(axes, ("rent", "", ""), strict=True):
    ax.set(ylabel=label, ylim=(0, None))
    ax.tick_params(axis="x", rotation=0)
    if ax.get_legend():
        ax.get_legend().remove()
plt.show()
