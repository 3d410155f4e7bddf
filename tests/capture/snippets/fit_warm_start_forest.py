"""A forest grows by warm_start; each fit is a run that knows how many trees it has.

facts:
  run RandomForestClassifier x3
  param RandomForestClassifier n_estimators = 10
  param RandomForestClassifier n_estimators = 30
  metric RandomForestClassifier *oob_score* = oob[-1]
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
rf = RandomForestClassifier(n_estimators=10, warm_start=True, oob_score=True, random_state=123)
oob = []
for n in (10, 20, 30):
    rf.set_params(n_estimators=n)
    rf.fit(X, y)
    oob.append(rf.oob_score_)
