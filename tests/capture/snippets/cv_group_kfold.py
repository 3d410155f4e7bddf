"""Groups are respected by GroupKFold, so nothing is said about an overlap.

facts:
  run cross_val_score x1
  metric cross_val_score *mean* = scores.mean()
  no finding cross_val_score overlap
  no finding cross_val_score leak
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import GroupKFold, cross_val_score

mlflow.sklearn.autolog()
rng = np.random.default_rng(9)
patients = np.repeat(np.arange(30), 5)
X = rng.normal(size=(150, 3)) + patients[:, None] / 30
y = patients / 10 + rng.normal(0, 0.1, 150)
est = ExtraTreesRegressor(10, random_state=0)
scores = cross_val_score(est, X, y, groups=patients, cv=GroupKFold(5))
