"""Equal predictions of two models are lists when they are scored: nobody guesses whose it was.

facts:
  runs 2
  unattributed accuracy_score* = acc
  run LinearSVC x1
  run NearestCentroid x1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_blobs
from sklearn.metrics import accuracy_score
from sklearn.neighbors import NearestCentroid
from sklearn.svm import LinearSVC

mlflow.sklearn.autolog()
X, y = make_blobs(160, centers=[[-5, 5], [5, -5]], random_state=6)
X_train, y_train, X_test, y_test = X[:120], y[:120], X[120:], y[120:]
models = [LinearSVC(random_state=0).fit(X_train, y_train), NearestCentroid().fit(X_train, y_train)]
lists = [[int(label) for label in m.predict(X_test)] for m in models]
assert lists[0] == lists[1]
acc = accuracy_score(y_test, lists[1])
