"""A loss of one's own goes through make_scorer; its name is the function's.

facts:
  run HuberRegressor x1
  metric HuberRegressor *pinball_at_90*X_test* = loss
  metric HuberRegressor training_r2_score
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_regression
from sklearn.linear_model import HuberRegressor
from sklearn.metrics import make_scorer


def pinball_at_90(y_true, y_pred):
    diff = y_true - y_pred
    return float(np.mean(np.maximum(0.9 * diff, -0.1 * diff)))


mlflow.sklearn.autolog()
X, y = make_regression(200, 4, noise=8, random_state=1)
X_train, X_test, y_train, y_test = X[:150], X[150:], y[:150], y[150:]
huber = HuberRegressor(max_iter=500).fit(X_train, y_train)
loss = make_scorer(pinball_at_90, greater_is_better=False)(huber, X_test, y_test)
