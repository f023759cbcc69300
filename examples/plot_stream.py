"""
A stream, learnt piece by piece
===============================

``partial_fit`` takes the rows that have come in and makes one pass over them. The model goes on
learning for as long as data come, and follows a world that changes.
"""

import pickle

import matplotlib.pyplot as plt
import numpy as np

from sknn import MLPClassifier

rng = np.random.default_rng(0)


def chunk(turn, n=200):
    """Return points of the plane; the line between the classes is turned by an angle."""
    X = rng.normal(size=(n, 2))
    return X, (X @ [np.cos(turn), np.sin(turn)] > 0.3 * np.sin(3 * X[:, 0])).astype(int)


# %%
# Every chunk is used twice: first to test what has been learnt so far, then to learn from. After
# 100 chunks the world turns by a right angle, slowly; after 200 it jumps back.

turns = np.concatenate([np.zeros(100), np.linspace(0, np.pi / 2, 100), np.zeros(100)])
network = MLPClassifier((20,), learning_rate_init=0.01, batch_size=20, random_state=0)
once = MLPClassifier((20,), learning_rate_init=0.01, batch_size=20, random_state=0)
tested, following, staying = [], [], []
for number, turn in enumerate(turns):
    X, y = chunk(turn)
    if number:  # before the first chunk nothing has been learnt
        tested.append(number)
        following.append(network.score(X, y))
        staying.append(once.score(X, y))
    network.partial_fit(X, y, classes=[0, 1])
    if number < 50:  # the other one stops learning after a while
        once.partial_fit(X, y, classes=[0, 1])
    if number == 150:  # a save and a load in between change nothing
        network = pickle.loads(pickle.dumps(network))

fig, ax = plt.subplots(figsize=(9, 4), layout="constrained")
ax.plot(tested, following, label="goes on learning", linewidth=1.5)
ax.plot(tested, staying, "--", label="learnt from the first 50 chunks", linewidth=1.5)
for at, text in ((0, "the world stays"), (100, "it turns"), (200, "it is as it was")):
    ax.axvline(at, color="grey", linewidth=1, linestyle=":")
    ax.text(at + 2, 1.02, text)
ax.set(xlabel="chunk of 200 rows", ylabel="share right, before learning from it", ylim=(0.35, 1.06))
ax.legend(loc="lower left")
plt.show()

# %%
# All classes must be named in the first call, since the first chunk may not have all of them. A
# learning rate that falls would stop following in the end; for a stream, keep it constant.
