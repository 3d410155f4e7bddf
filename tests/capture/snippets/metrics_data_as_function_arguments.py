"""A helper calls its arguments X and y; the names that its caller uses are recorded.

facts:
  run SVC x1
  metric SVC accuracy_score_holdout = acc
  dataset SVC training train
  dataset SVC holdout eval
  no metric SVC accuracy_score_X
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_moons
from sklearn.metrics import accuracy_score
from sklearn.svm import SVC


def train(X, y, **kw):
    return SVC(**kw).fit(X, y)


def evaluate(model, X, y):
    y_pred = model.predict(X)
    return accuracy_score(y, y_pred)


mlflow.sklearn.autolog()
training, labels = make_moons(200, noise=0.2, random_state=0)
holdout, truth = make_moons(100, noise=0.2, random_state=1)
model = train(training, labels, C=3.0)
acc = evaluate(model, holdout, truth)
