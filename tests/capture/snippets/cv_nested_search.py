"""The search is cross-validated: nested cross-validation, one record on top.

facts:
  runs 1
  run cross_val_score x1
  no run GridSearchCV
  no run SVC
  metric cross_val_score *mean* = nested.mean()
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.svm import SVC

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
inner = KFold(n_splits=2, shuffle=True, random_state=3)
outer = KFold(n_splits=3, shuffle=True, random_state=3)
clf = GridSearchCV(SVC(kernel="rbf"), {"C": [1, 10], "gamma": [0.01, 0.1]}, cv=inner)
nested = cross_val_score(clf, X, y, cv=outer)
