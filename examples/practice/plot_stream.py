"""
Learning from a stream
======================

``partial_fit`` makes one pass over the given rows. The model keeps learning while data arrive, and
follows changes of their distribution.
"""

import pickle

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPClassifier

rng = np.random.default_rng(0)


def chunk(turn, n=200):
    """Return points of the plane; the boundary between the classes is rotated by an angle."""
    X = rng.normal(size=(n, 2))
    return X, (X @ [np.cos(turn), np.sin(turn)] > 0.3 * np.sin(3 * X[:, 0])).astype(int)


# %%
# Every chunk is used twice: first to test the model, then to train it. After 100 chunks the data
# rotate slowly by a right angle; after 200 they jump back.

turns = np.concatenate([np.zeros(100), np.linspace(0, np.pi / 2, 100), np.zeros(100)])
network = MLPClassifier((20,), learning_rate_init=0.01, batch_size=20, random_state=0)
once = MLPClassifier((20,), learning_rate_init=0.01, batch_size=20, random_state=0)
tested, following, staying = [], [], []
for number, turn in enumerate(turns):
    X, y = chunk(turn)
    if number:  # the model is fitted by the first chunk
        tested.append(number)
        following.append(network.score(X, y))
        staying.append(once.score(X, y))
    network.partial_fit(X, y, classes=[0, 1])
    if number < 50:  # this model stops learning after 50 chunks
        once.partial_fit(X, y, classes=[0, 1])
    if number == 150:  # saving and loading in between changes nothing
        network = pickle.loads(pickle.dumps(network))

fig, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.plot(tested, following, label="continues learning", linewidth=1.5)
ax.plot(tested, staying, "--", label="trained on the first 50 chunks", linewidth=1.5)
for at, text in ((0, "the world stays"), (100, "it turns"), (200, "it is as it was")):
    ax.axvline(at, color="grey", linewidth=1, linestyle=":")
    ax.text(at + 2, 1.02, text)
ax.set(xlabel="chunk of 200 rows", ylabel="accuracy before training on it", ylim=(0.35, 1.06))
ax.legend(loc="lower left")
plt.show()

# %%
# The first call must name all classes, because the first chunk may not have all of them. For a
# stream keep the learning rate constant: with a falling rate the model would stop following
# changes.
