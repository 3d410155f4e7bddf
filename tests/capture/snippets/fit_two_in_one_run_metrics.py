"""Metrics of two fits within one start_run go to the fit whose model predicted.

facts:
  runs 1
  metric GaussianNB accuracy_score_X_test = first
  child GaussianNB accuracy_score_X_test = second
  children GaussianNB 1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid

mlflow.sklearn.autolog()
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = X[:1000], X[1000:], y[:1000], y[1000:]
with mlflow.start_run():
    nb = GaussianNB().fit(X_train, y_train)
    nc = NearestCentroid().fit(X_train, y_train)
    first = accuracy_score(y_test, nb.predict(X_test))
    second = accuracy_score(y_test, nc.predict(X_test))
