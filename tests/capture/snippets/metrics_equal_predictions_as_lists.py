"""Two models predict alike and both become lists: the second could be either's copy.

facts:
  runs 2
  metric LinearSVC accuracy_score_X_test = a
  unattributed f1_score* = b
  no metric LinearSVC f1_score*
  no metric Perceptron accuracy_score*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_blobs
from sklearn.linear_model import Perceptron
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC

mlflow.sklearn.autolog()
X, y = make_blobs(200, centers=[[-4, -4], [4, 4]], random_state=1)
X_train, y_train, X_test, y_test = X[:150], y[:150], X[150:], y[150:]
svm = LinearSVC(random_state=0).fit(X_train, y_train)
per = Perceptron(random_state=0).fit(X_train, y_train)
from_svm = svm.predict(X_test).tolist()
a = accuracy_score(y_test, from_svm)
from_per = per.predict(X_test).tolist()
b = f1_score(y_test, from_per)
