"""Bagging with two jobs: its trees are no runs, wherever they are fitted.

facts:
  runs 1
  run BaggingClassifier x1
  no run DecisionTreeClassifier
  metric BaggingClassifier *oob_score* = bag.oob_score_
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import BaggingClassifier
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
bag = BaggingClassifier(
    DecisionTreeClassifier(max_depth=3), n_estimators=20, oob_score=True, n_jobs=2, random_state=0
)
bag.fit(X, y)
