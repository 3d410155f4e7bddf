"""Folds run in two workers; what is recorded is the same as with one.

facts:
  runs 1
  run cross_val_score x1
  no run LogisticRegression
  metric cross_val_score *mean* = scores.mean()
  status cross_val_score FINISHED
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

mlflow.sklearn.autolog()
X, y = make_classification(200, n_features=5, random_state=71)
scores = cross_val_score(LogisticRegression(max_iter=200), X, y, cv=4, n_jobs=2)
