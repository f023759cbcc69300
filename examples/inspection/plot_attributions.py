"""
What made this prediction what it is?
=====================================

``attributions`` divides the difference between a prediction and the mean prediction among the
columns of the row: each has a contribution, in the units of y. Together they are the difference.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from sknn import TabularMLPRegressor
from sknn.inspection import AttributionsDisplay, attributions

# %%
# Ten measurements of patients, and how far their diabetes has advanced after a year.

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = TabularMLPRegressor(cv=None, max_iter=15, random_state=0).fit(X_train, y_train)
print(f"R2 = {model.score(X_test, y_test):.2f}")

# %%
# A point is a patient. A high body mass index (bmi) raises the prediction, a low one lowers it. The
# columns are in the order of their mean absolute contribution.

found = attributions(model, X_test, X_train)
AttributionsDisplay(found).plot()
plt.show()

# %%
# A single patient, with the measurements. Bars start at the mean prediction of the training rows
# and end at this patient's.

patient = found.outputs.argmax()
order = np.argsort(-abs(found.values[patient]))
parts = found.values[patient][order]
ends = found.base_values[patient] + parts.cumsum()

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.use_sticky_edges = False  # a margin on both sides of the bars
names = [f"{X.columns[j]} = {X_test.iloc[patient, j]:g}" for j in order]
ax.barh(names, parts, left=ends - parts, color=np.where(parts > 0, "C1", "C0"))
ax.axvline(found.base_values[patient], color="black", linewidth=1, linestyle=":")
ax.axvline(found.outputs[patient], color="black", linewidth=1)
ax.invert_yaxis()
ax.set(xlabel="prediction", title=f"from {ends[0] - parts[0]:.0f} to {found.outputs[patient]:.0f}")
plt.show()

# %%
# A contribution says what the model makes of a value, not what would happen if the value were
# changed: that needs an experiment. Columns that vary together share what they contribute together.
