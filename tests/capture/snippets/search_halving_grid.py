"""Successive halving: every candidate of every iteration is a child.

facts:
  runs 1
  run HalvingGridSearchCV x1
  metric HalvingGridSearchCV best_cv_score = hs.best_score_
  param HalvingGridSearchCV best_max_depth = hs.best_params_["max_depth"]
  metric HalvingGridSearchCV accuracy_score_X_new = acc
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv
from sklearn.metrics import accuracy_score
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
assert enable_halving_search_cv is not None
X, y = make_classification(400, random_state=3)
X_new, y_new = make_classification(100, random_state=3)
tree = DecisionTreeClassifier(random_state=0)
hs = HalvingGridSearchCV(tree, {"max_depth": [1, 2, 3, 5]}, factor=2, cv=3, random_state=0)
hs.fit(X, y)
acc = accuracy_score(y_new, hs.predict(X_new))
