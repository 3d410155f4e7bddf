"""Predictions that were copied, cast and stacked into a frame are still the model's.

facts:
  runs 1
  metric GaussianNB accuracy_score_X_new = acc
  metric GaussianNB precision_score_X_new = prec
  metric GaussianNB recall_score_X_new = rec
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.datasets import make_blobs
from sklearn.metrics import accuracy_score, precision_score, recall_score
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()
X, y = make_blobs(200, centers=2, cluster_std=4.0, random_state=3)
X_old, y_old, X_new, y_new = X[:120], y[:120], X[120:], y[120:]
nb = GaussianNB().fit(X_old, y_old)
p = nb.predict(X_new)
acc = accuracy_score(y_new, p.copy())
prec = precision_score(y_new, p.astype(np.int8))
out = pd.DataFrame({"truth": y_new, "guess": p})
rec = recall_score(out["truth"], out["guess"])
