"""
Adversarial examples: optimising the input instead of the weights
=================================================================

Backpropagation computes the derivative of the loss with respect to every number in the network. One
step further back are the pixels. Their derivatives show which pixels matter (*saliency*), and a
small step along them changes the predicted digit (an *adversarial* image).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknn import MLPClassifier
from sknn.engine import NLLM, Linear, ReLU, Sequential

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
model = MLPClassifier(
    (64,), learning_rate="one_cycle", learning_rate_init=0.02, max_iter=40, random_state=0
)
model.fit(X_train, y_train)

# %%
# The weights are fixed; the image changes. ``backward`` propagates the gradient of the raw outputs
# to the inputs.

hidden, output = (Linear(W, W0) for W, W0 in zip(model.coefs_, model.intercepts_, strict=True))
network, loss = Sequential([hidden, ReLU(), output]), NLLM()


def slope(images, digits):
    """Return the derivative of each image's loss with respect to its pixels."""
    Z = network.forward(images)
    return network.backward(images, Z, loss.gradient(Z, np.eye(10)[digits]))


def towards(images, digits, steps=60, rate=0.02):
    """Change images by gradient descent until the network predicts these digits."""
    images = images.copy()
    for _ in range(steps):
        not_yet = model.predict(images) != digits
        images[not_yet] -= rate * np.sign(slope(images, digits)[not_yet])
        np.clip(images, 0, 1, out=images)
    return images


chosen = np.array([np.flatnonzero(y_test == digit)[0] for digit in (0, 1, 3, 4, 6)])
wanted = np.array([8, 7, 9, 1, 5])
originals = X_test[chosen]
saliency = abs(slope(originals, y_test[chosen]))
fooled = towards(originals, wanted)

fig, axes = plt.subplots(4, 5, figsize=(8, 7), layout="constrained")
for column in range(5):
    changes = fooled[column] - originals[column]
    images = originals[column], saliency[column], changes, fooled[column]
    for ax, image in zip(axes[:, column], images, strict=True):
        changed = ax is axes[2, column]
        limits = {"cmap": "RdBu_r", "vmin": -0.4, "vmax": 0.4} if changed else {"cmap": "Greys"}
        ax.imshow(image.reshape(8, 8), **limits)
        ax.set(xticks=[], yticks=[])
    for ax, row in ((axes[0, column], originals), (axes[3, column], fooled)):
        share = model.predict_proba(row[[column]]).max()
        ax.set_title(f"predicted {model.predict(row[[column]])[0]} ({share:.0%})", fontsize=9)
    axes[2, column].set_title(f"at most {abs(changes).max():.2f}", fontsize=9)
for ax, name in zip(axes[:, 0], ("image", "saliency", "change", "changed image"), strict=True):
    ax.set_ylabel(name)
plt.show()

# %%
# The change of each pixel is a small fraction of the range from 0 to 1, and all changes act in the
# same direction. ``sknn.inspection`` has both: :func:`~sknn.inspection.saliency` and
# :func:`~sknn.inspection.adversarial`. One step of 0.1 along the gradient lowers the accuracy far
# more than random noise of the same size.

from sknn.inspection import adversarial

noise = np.sign(np.random.default_rng(0).normal(size=X_test.shape))
noisy = np.clip(X_test + 0.1 * noise, 0, 1)
against = adversarial(model, X_test, y_test, epsilon=0.1, bounds=(0, 1))
print(f"original images      {model.score(X_test, y_test):.1%} correct")
print(f"0.1 of random noise  {model.score(noisy, y_test):.1%}")
print(f"0.1 along gradient   {model.score(against, y_test):.1%}")
