"""
Handwritten digits, and the weights of hidden units
===================================================

The weights of a unit in the first hidden layer can be shown as an image, one weight per pixel.
Where it is blue, ink decreases the unit's activation; where it is red, ink increases it.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
network = MLPClassifier(
    (16,), "tanh", alpha=1e-2, learning_rate="one_cycle", learning_rate_init=0.03, batch_size=50,
    max_iter=40, random_state=0,
)  # fmt: skip
network.fit(X_train, y_train)
print(f"{network.score(X_test, y_test):.1%} test accuracy")

# %%
# The weights of the 16 hidden units, with the digits that the weights of the next layer support
# most and least. The units learned to detect strokes and gaps.

fig, axes = plt.subplots(2, 8, figsize=(11, 3), layout="constrained")
largest = abs(network.coefs_[0]).max()
for unit, ax in enumerate(axes.flat):
    image = network.coefs_[0][:, unit].reshape(8, 8)
    picture = ax.imshow(image, cmap="RdBu_r", vmin=-largest, vmax=largest)
    towards = network.coefs_[1][unit]
    ax.set(title=f"for {towards.argmax()}, against {towards.argmin()}", xticks=[], yticks=[])
    ax.title.set_fontsize(9)
fig.colorbar(picture, ax=axes, label="weight")
plt.show()

# %%
# The prediction combines all units. For three test images: the image, the activations of the 16
# units, and the predicted probabilities. The 8 is a hard case.

fig, axes = plt.subplots(
    3, 3, figsize=(10, 5.2), layout="constrained", width_ratios=[1, 3, 3], sharex="col"
)
chosen = [np.flatnonzero(y_test == digit)[0] for digit in (3, 5, 8)]
for (left, middle, right), row in zip(axes, chosen, strict=True):
    x = X_test[[row]]
    left.imshow(x.reshape(8, 8), cmap="Greys")
    left.set(xticks=[], yticks=[], ylabel=f"a {y_test[row]}")
    units = np.tanh(x @ network.coefs_[0] + network.intercepts_[0]).ravel()
    middle.bar(range(16), units, color=np.where(units < 0, "C0", "C1"))
    middle.set_ylim(-1.1, 1.1)
    right.bar(range(10), network.predict_proba(x).ravel(), color="C2")
    right.set(xticks=range(10), ylim=(0, 1.05))
    middle.set_xticks(range(0, 16, 3))
axes[0, 1].set_title("activations of the hidden units")
axes[0, 2].set_title("probability of each digit")
axes[-1, 1].set_xlabel("hidden unit")
axes[-1, 2].set_xlabel("digit")
plt.show()
