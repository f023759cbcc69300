"""
Weighing evidence with one neuron
=================================

A neuron is a way to decide. It is given the facts as numbers, multiplies each by how much it
counts (its *weight*), adds everything up together with what speaks for or against the matter
before any fact is known (its *offset*), and says yes where the sum is 0 or more.

Shall we eat in the garden? Three facts are known, each of them yes (1) or no (0).
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, Sequential, Sigmoid, Step

facts = ["it is warm", "guests are coming", "wasps are about"]
weights = np.array([[4.0], [2.0], [-3.0]])
offset = np.array([-3.0])
evidence = Linear(W=weights, W0=offset)
decide = Sequential([evidence, Step()])

# %%
# Warmth counts most, guests are a reason to set the larger table outside, and wasps are a reason
# against. The offset of -3 says that we stay indoors unless something speaks for the garden: the
# weighted facts must reach a *threshold* of 3, which is minus the offset. One row is one evening.

evenings = np.array([[a, b, c] for a in (0.0, 1.0) for b in (0.0, 1.0) for c in (0.0, 1.0)])
for evening, answer in zip(evenings, decide.forward(evenings), strict=True):
    happening = ", ".join(fact for fact, holds in zip(facts, evening, strict=True) if holds)
    print(f"{'garden' if answer else 'indoors':8} {happening or 'nothing special'}")

# %%
# Every evening is a sum that starts at the offset. Each fact that holds moves it by its weight,
# and what counts is on which side of 0 it ends.

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
colours = ["C1", "C2", "C0"]
for row, evening in enumerate(evenings):
    total = offset[0]
    for j in np.flatnonzero(evening):
        arrow = {"arrowstyle": "-|>", "color": colours[j], "linewidth": 2.5}
        lane = row - 0.2 + 0.2 * j
        ax.annotate("", xy=(total + weights[j, 0], lane), xytext=(total, lane), arrowprops=arrow)
        total += weights[j, 0]
    ax.plot(total, row, "o" if total >= 0 else "s", color="black", markersize=7, zorder=3)
    ax.text(7.9, row, "garden" if total >= 0 else "indoors", va="center", ha="right")
for j, fact in enumerate(facts):
    ax.plot([], [], color=colours[j], linewidth=2.5, label=f"{fact}: {weights[j, 0]:+g}")
ax.axvline(0, color="black", linewidth=1)
ax.axvline(offset[0], color="grey", linewidth=1, linestyle=":")
ax.text(offset[0] - 0.15, -0.75, "offset -3", color="dimgrey", ha="right", va="bottom")
ax.text(0.15, -0.75, "yes from 0 on", va="bottom")
ax.set(
    xlim=(-7, 8),
    ylim=(7.6, -1.2),
    yticks=range(8),
    yticklabels=["".join(f"{int(fact)}" for fact in evening) for evening in evenings],
    xlabel="sum of the evidence, Z = X W + W0",
    ylabel="evening (warm, guests, wasps)",
)
ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
plt.show()

# %%
# A step knows no doubt: a sum of 0.01 and one of 5 are the same yes. A *sigmoid* in its place says
# how sure the neuron is, and because it rises smoothly, a small change of a weight makes a small
# change of the answer. That is what makes learning possible.

doubt = Sequential([evidence, Sigmoid()])
for fact, share in zip(
    ("warm, no guests", "warm, with wasps"), doubt.forward(evenings[[4, 5]]), strict=True
):
    print(f"{fact:17} garden: {share[0]:.0%}")
