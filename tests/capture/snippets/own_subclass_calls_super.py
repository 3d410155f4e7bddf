"""A subclass cleans its input and calls super().fit: one run of the subclass.

facts:
  runs 1
  run SafeLogisticRegression x1
  no run LogisticRegression
  metric SafeLogisticRegression accuracy_score_X_test = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score


class SafeLogisticRegression(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        return super().fit(np.nan_to_num(X), y, sample_weight)

    def predict(self, X):
        return super().predict(np.nan_to_num(X))


mlflow.sklearn.autolog()
rng = np.random.default_rng(41)
X = rng.normal(size=(200, 3))
y = (X[:, 0] > 0).astype(int)
X[rng.random(X.shape) < 0.05] = np.nan
X_train, X_test, y_train, y_test = X[:150], X[150:], y[:150], y[150:]
safe = SafeLogisticRegression(max_iter=200).fit(X_train, y_train)
acc = accuracy_score(y_test, safe.predict(X_test))
