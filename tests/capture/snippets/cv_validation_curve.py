"""A validation curve over gamma is one record that names the parameter.

facts:
  runs 1
  run validation_curve x1
  history validation_curve *test* 4 = list(test_scores.mean(axis=1))
  param validation_curve *param_name* = "gamma"
  no run SVC
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import validation_curve
from sklearn.svm import SVC

mlflow.sklearn.autolog()
X, y = load_wine(return_X_y=True)
param_range = np.logspace(-6, -1, 4)
train_scores, test_scores = validation_curve(
    SVC(), X, y, param_name="gamma", param_range=param_range, scoring="accuracy", cv=3
)
