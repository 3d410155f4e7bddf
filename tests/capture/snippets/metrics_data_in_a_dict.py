"""Data live in a dict of splits; their keys are their names.

facts:
  run LogisticRegression x1
  metric LogisticRegression accuracy_score*X_test* = acc
  metric LogisticRegression LogisticRegression_score*X_valid* = val
  no metric LogisticRegression *unknown*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
data = {"X_train": X[::3], "X_valid": X[1::3], "X_test": X[2::3]}
target = {"train": y[::3], "valid": y[1::3], "test": y[2::3]}
clf = LogisticRegression(max_iter=500)
clf.fit(data["X_train"], target["train"])
val = clf.score(data["X_valid"], target["valid"])
acc = accuracy_score(target["test"], clf.predict(data["X_test"]))
