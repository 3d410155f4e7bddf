"""An own transformer in a pipeline, with its parameter under the step's name.

facts:
  runs 1
  run Pipeline x1
  no run Clipper
  param Pipeline clip__q = 0.05
  metric Pipeline root_mean_squared_error_X_test = rmse
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import Pipeline


class Clipper(TransformerMixin, BaseEstimator):
    def __init__(self, q=0.01):
        self.q = q

    def fit(self, X, y=None):
        self.low_, self.high_ = np.quantile(X, [self.q, 1 - self.q], axis=0)
        return self

    def transform(self, X):
        return np.clip(X, self.low_, self.high_)


mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = X[::2], X[1::2], y[::2], y[1::2]
pipe = Pipeline([("clip", Clipper(q=0.05)), ("ridge", Ridge())]).fit(X_train, y_train)
rmse = root_mean_squared_error(y_test, pipe.predict(X_test))
