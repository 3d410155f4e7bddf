"""Batches are learnt by partial_fit in a loop: one run, not one for each batch.

facts:
  runs 1
  run SGDClassifier x1
  metric SGDClassifier accuracy_score_X_test = acc
  status SGDClassifier FINISHED
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score

mlflow.sklearn.autolog()
X, y = make_classification(1000, random_state=5)
X_test, y_test = X[800:], y[800:]
clf = SGDClassifier(random_state=5)
for start in range(0, 800, 100):
    clf.partial_fit(X[start : start + 100], y[start : start + 100], classes=np.unique(y))
acc = accuracy_score(y_test, clf.predict(X_test))
