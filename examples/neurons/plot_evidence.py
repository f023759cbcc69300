"""
Weighing evidence with one neuron
=================================

A neuron makes a decision. Its inputs are facts as numbers. It multiplies each by its importance
(its *weight*), adds the products and an *offset*, and says yes where the sum is 0 or more.

Shall we eat in the garden? Three facts are known, each of them yes (1) or no (0).
"""

import matplotlib.pyplot as plt
import numpy as np

from sknn.engine import Linear, Sequential, Sigmoid, Step

facts = ["warm", "guests", "wasps"]
weights = np.array([[4.0], [2.0], [-3.0]])
offset = np.array([-3.0])
evidence = Linear(W=weights, W0=offset)
decide = Sequential([evidence, Step()])

# %%
# Warmth has the largest weight, guests are a reason for the garden, and wasps are a reason against
# it. The offset of -3 means that the default is no: the weighted facts must reach a *threshold* of
# 3, which is minus the offset. Each row is one evening.

evenings = np.array([[a, b, c] for a in (0.0, 1.0) for b in (0.0, 1.0) for c in (0.0, 1.0)])
names = [", ".join(np.array(facts)[evening == 1]) or "none" for evening in evenings]
for name, answer in zip(names, decide.forward(evenings), strict=True):
    print(f"{'garden' if answer else 'indoors':8} {name}")

# %%
# Every sum starts at the offset. Each fact that is true adds its weight. The sign of the sum
# decides.

fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
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
    yticklabels=names,
    xlabel="weighted sum, Z = X W + W0",
    ylabel="what is true in the evening",
)
fig.legend(loc="outside lower center", ncols=3)
plt.show()

# %%
# A step function does not express confidence: sums of 0.01 and of 5 give the same yes. A *sigmoid*
# in its place does. It rises smoothly, so a small change of a weight changes the output a little.
# That is what makes learning possible.

doubt = Sequential([evidence, Sigmoid()])
for fact, share in zip(
    ("warm, no guests", "warm, with wasps"), doubt.forward(evenings[[4, 5]]), strict=True
):
    print(f"{fact:17} garden: {share[0]:.0%}")
