"""With average=None a metric gives one value a class, and each of them is found again.

facts:
  metric RandomForestClassifier f1_score*_X_test* = per_class[0]
  metric RandomForestClassifier f1_score*_X_test* = per_class[1]
  metric RandomForestClassifier f1_score*_X_test* = per_class[2]
  run RandomForestClassifier x1
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score

mlflow.sklearn.autolog()
rng = np.random.default_rng(3)
X = rng.normal(size=(360, 4))
y = np.digitize(X[:, 0] + 0.4 * rng.normal(size=360), [-0.6, 0.5])
X_train, y_train, X_test, y_test = X[:240], y[:240], X[240:], y[240:]
rf = RandomForestClassifier(30, random_state=3).fit(X_train, y_train)
per_class = f1_score(y_test, rf.predict(X_test), average=None)
