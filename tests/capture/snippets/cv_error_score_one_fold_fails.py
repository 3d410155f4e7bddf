"""One fold of three fails and counts as nan; the record exists and says so.

facts:
  runs 1
  run cross_val_score x1
  finding cross_val_score fail
"""

import warnings

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_score

mlflow.sklearn.autolog()
X = np.random.RandomState(0).normal(size=(60, 2))
y = np.r_[np.zeros(40), np.ones(20)]  # without the last third only one class is left
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    scores = cross_val_score(LogisticRegression(), X, y, cv=KFold(3), error_score=np.nan)
print(scores)
