"""Calibration fits its model once for each fold; one run, with the probabilities' metrics.

facts:
  runs 1
  run CalibratedClassifierCV x1
  no run LinearSVC
  metric CalibratedClassifierCV log_loss_X_test = ll
  param CalibratedClassifierCV method = "sigmoid"
"""

import mlflow
import mlflow.sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / X.max(axis=0), y, random_state=0)
cal = CalibratedClassifierCV(LinearSVC(random_state=0), method="sigmoid", cv=3)
cal.fit(X_train, y_train)
ll = log_loss(y_test, cal.predict_proba(X_test))
