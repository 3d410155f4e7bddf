"""Three metrics and training scores of one cross-validation are in one record.

facts:
  runs 1
  run cross_validate x1
  metric cross_validate *test*accuracy* = res["test_accuracy"].mean()
  metric cross_validate *train*accuracy* = res["train_accuracy"].mean()
  metric cross_validate *roc_auc* = res["test_roc_auc"].mean()
  history cross_validate *test*roc_auc* 4 = list(res["test_roc_auc"])
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_validate

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
rf = RandomForestClassifier(n_estimators=10, random_state=0)
res = cross_validate(
    rf, X, y, cv=4, scoring=("accuracy", "roc_auc", "f1"), return_train_score=True
)
