"""The parts are fitted and scored alone first, then stacked; four runs, each with its metric.

facts:
  runs 3
  run RidgeCV x1
  run StackingRegressor x1
  metric StackingRegressor r2_score_X_test = r2["stack"]
  metric KNeighborsRegressor r2_score_X_test = r2["knn"]
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=4)
parts = [("ridge", RidgeCV()), ("knn", KNeighborsRegressor(10))]
r2 = {}
for name, reg in [*parts, ("stack", StackingRegressor(parts))]:
    reg.fit(X_train, y_train)
    r2[name] = r2_score(y_test, reg.predict(X_test))
