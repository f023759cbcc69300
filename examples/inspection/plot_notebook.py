"""
An estimator in a notebook
==========================

An estimator at the end of a notebook's cell is shown as a box that unfolds: a table of its
parameters, the changed ones in colour, and after ``fit`` the layers of its network.
"""

# sphinx_gallery_capture_repr = ("_repr_html_",)
# sphinx_gallery_thumbnail_path = "notebook.png"

from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier

X, y = load_digits(return_X_y=True)
network = MLPClassifier(
    (32, 16), "tanh", learning_rate="one_cycle", learning_rate_init=0.02, max_iter=20,
    random_state=0,
)  # fmt: skip
network.fit(X / 16, y)

# %%
# Click on *Parameters*, *Layers* or *Fitted attributes*. A parameter has its description as a
# tooltip. In a pipeline every step is such a box. What is shown depends on the version of
# scikit-learn, whose display this is.

make_pipeline(StandardScaler(), network).fit(X, y)

# %%
# Outside notebooks ``print`` shows the changed parameters, and the fitted attributes have the rest.

print(network)
for W in network.coefs_:
    print("weights", W.shape)
