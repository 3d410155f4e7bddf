"""Folds are walked by hand with StratifiedKFold and the accuracies are averaged at the end.

facts:
  run LogisticRegression x5
  metric LogisticRegression accuracy_score_* = accs[0]
  metric LogisticRegression accuracy_score_* = accs[4]
  param LogisticRegression max_iter = 5000
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold

mlflow.sklearn.autolog()

X, y = load_breast_cancer(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
skf = StratifiedKFold(n_splits=5, shuffle=True, random_state=1)
accs = []
for train_idx, test_idx in skf.split(X, y):
    model = LogisticRegression(max_iter=5000)
    model.fit(X[train_idx], y[train_idx])
    pred = model.predict(X[test_idx])
    accs.append(accuracy_score(y[test_idx], pred))
print("List of possible accuracy:", accs)
print("Mean accuracy:", np.mean(accs))
