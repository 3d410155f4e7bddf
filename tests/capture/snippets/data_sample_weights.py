"""Weights in the fit, in the score and in a metric.

facts:
  run DecisionTreeClassifier x1
  metric DecisionTreeClassifier DecisionTreeClassifier_score_X_test = weighted
  metric DecisionTreeClassifier accuracy_score_X_test = acc
  metric DecisionTreeClassifier training_score = training
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = make_classification(300, flip_y=0.2, random_state=48)
w = np.where(y == 1, 5.0, 1.0)
X_train, X_test, y_train, y_test = X[:200], X[200:], y[:200], y[200:]
dt = DecisionTreeClassifier(max_depth=3, random_state=0)
dt.fit(X_train, y_train, sample_weight=w[:200])
weighted = dt.score(X_test, y_test, sample_weight=w[200:])
hits = dt.predict(X_train) == y_train
training = np.average(hits, weights=w[:200])
acc = accuracy_score(y_test, dt.predict(X_test), sample_weight=w[200:])
