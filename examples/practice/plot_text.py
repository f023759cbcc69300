"""
Text classification with sparse word counts
===========================================

The word counts of a text are a row with thousands of columns, nearly all of them 0. The network
takes such sparse matrices without converting them to dense ones. The task: which of three libraries
is a docstring from?
"""

import inspect

import matplotlib.pyplot as plt
import numpy as np
import scipy.signal
import scipy.stats
import sklearn.ensemble
import sklearn.linear_model
import sklearn.metrics
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sknn import MLPClassifier

# %%
# The texts are paragraphs of the docstrings of NumPy, SciPy and scikit-learn, which are installed
# wherever this runs. Words that name a library are removed.

modules = {
    "NumPy": [np, np.linalg, np.fft],
    "SciPy": [scipy.stats, scipy.signal],
    "scikit-learn": [sklearn.ensemble, sklearn.linear_model, sklearn.metrics],
}


def paragraphs(module):
    """Yield the paragraphs of words in a module's docstrings."""
    for name in getattr(module, "__all__", dir(module)):
        text = inspect.getdoc(getattr(module, name)) or ""
        for paragraph in text.split("\n\n"):
            if len(paragraph.split()) > 12 and ">>>" not in paragraph:
                yield paragraph


texts, labels = [], []
for library, parts in modules.items():
    found = sorted({paragraph for part in parts for paragraph in paragraphs(part)})
    texts += found
    labels += [library] * len(found)
train, test, y_train, y_test = train_test_split(texts, labels, stratify=labels, random_state=0)

# %%
# One pipeline from text to label. Word counts are informative, so a small network is enough.

words = TfidfVectorizer(
    token_pattern=r"(?u)\b[a-z]{3,}\b", stop_words=["numpy", "scipy", "sklearn", "scikit", "learn"],
    min_df=2, sublinear_tf=True,
)  # fmt: skip
network = MLPClassifier(
    (32,), learning_rate="one_cycle", learning_rate_init=0.02, max_iter=12, batch_size=100,
    dropout=0.3, random_state=0,
)  # fmt: skip
model = make_pipeline(words, network).fit(train, y_train)
X = words.transform(train)
print(f"{X.shape[0]} paragraphs, {X.shape[1]} words, {X.nnz / X.shape[0]:.0f} of them in each")
print(f"{model.score(test, y_test):.0%} test accuracy")

# %%
# Which library does a single word indicate? A text of this one word is a row with a single count,
# and ``decision_function`` returns the raw outputs for it.

vocabulary = words.get_feature_names_out()
common = np.asarray((X > 0).sum(axis=0)).ravel() >= 25
single = model.decision_function(vocabulary[common])
fig, axes = plt.subplots(1, 3, figsize=(10, 4), sharex=True, layout="constrained")
for column, (ax, library) in enumerate(zip(axes, network.classes_, strict=True)):
    best = np.argsort(single[:, column])[-12:]
    ax.barh(vocabulary[common][best], single[best, column], color=f"C{column}")
    ax.set(title=library, xlabel="raw output")
plt.show()
