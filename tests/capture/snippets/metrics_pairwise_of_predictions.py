"""Distances between two models' predictions make no metric of either; the plain metrics stay.

facts:
  runs 2
  no metric Ridge *distances*
  no metric Lasso *distances*
  metric Ridge max_error_X_test = e1
  metric Lasso max_error_X_test = e2
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.linear_model import Lasso, Ridge
from sklearn.metrics import max_error, pairwise_distances

mlflow.sklearn.autolog()
X, y = make_regression(160, 5, noise=3, random_state=22)
X_train, X_test, y_train, y_test = X[:120], X[120:], y[:120], y[120:]
one = Ridge().fit(X_train, y_train).predict(X_test)
two = Lasso().fit(X_train, y_train).predict(X_test)
gap = pairwise_distances(one.reshape(1, -1), two.reshape(1, -1))
e1, e2 = max_error(y_test, one), max_error(y_test, two)
