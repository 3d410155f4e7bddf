"""Recursive elimination fits its estimator many times: one run.

facts:
  runs 1
  run RFE x1
  no run LogisticRegression
  param RFE n_features_to_select = 5
  metric RFE accuracy_score_X_test = acc
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

mlflow.sklearn.autolog()
X, y = make_classification(250, n_features=12, random_state=0)
X_train, X_test, y_train, y_test = X[:200], X[200:], y[:200], y[200:]
rfe = RFE(LogisticRegression(max_iter=500), n_features_to_select=5, step=2).fit(X_train, y_train)
acc = accuracy_score(y_test, rfe.predict(X_test))
