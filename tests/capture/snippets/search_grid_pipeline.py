"""Scaler and classifier in a pipeline under a grid; candidates are children with their scores.

facts:
  runs 1
  children GridSearchCV 6
  child GridSearchCV *mean_test_score* = gs.best_score_
  param GridSearchCV best_svc__C = gs.best_params_["svc__C"]
  metric GridSearchCV GridSearchCV_score_X_test = held_out
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

mlflow.sklearn.autolog()
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=8)
pipe = make_pipeline(StandardScaler(), SVC())
gs = GridSearchCV(pipe, {"svc__C": [0.1, 1, 10], "svc__kernel": ["rbf", "linear"]}, cv=3)
gs.fit(X_train, y_train)
held_out = gs.score(X_test, y_test)
