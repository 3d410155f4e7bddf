"""The test score after every epoch of partial_fit makes a curve on the one run.

facts:
  run MLPClassifier x1
  history MLPClassifier MLPClassifier_score*_X_test 6 = curve
  no finding MLPClassifier random_state
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

mlflow.sklearn.autolog()
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
net = MLPClassifier(hidden_layer_sizes=(20,), random_state=0)
curve = []
for _epoch in range(6):
    net.partial_fit(X_train, y_train, classes=np.unique(y))
    curve.append(net.score(X_test, y_test))
