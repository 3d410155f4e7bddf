"""An own regressor of BaseEstimator and RegressorMixin is recorded like those of scikit-learn.

facts:
  run MedianRegressor x1
  param MedianRegressor shrink = 0.9
  metric MedianRegressor mean_absolute_error_X_test = mae
  metric MedianRegressor MedianRegressor_score_X_test = r2
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_absolute_error


class MedianRegressor(RegressorMixin, BaseEstimator):
    def __init__(self, shrink=1.0):
        self.shrink = shrink

    def fit(self, X, y):
        self.median_ = self.shrink * np.median(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.median_)


mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = X[:300], X[300:], y[:300], y[300:]
dummy = MedianRegressor(shrink=0.9).fit(X_train, y_train)
mae = mean_absolute_error(y_test, dummy.predict(X_test))
r2 = dummy.score(X_test, y_test)
