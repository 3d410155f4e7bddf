"""Out-of-fold predictions are scored: the metrics belong to the cross-validation.

facts:
  runs 1
  run cross_val_predict x1
  metric cross_val_predict accuracy_score_X = acc
  metric cross_val_predict f1_score_X = f1
  artifact cross_val_predict *confusion_matrix*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()
X, y = load_digits(return_X_y=True)
y_pred = cross_val_predict(GaussianNB(), X, y, cv=3)
acc = accuracy_score(y, y_pred)
f1 = f1_score(y, y_pred, average="macro")
cm = confusion_matrix(y, y_pred)
