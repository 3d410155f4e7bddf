"""Both X and y are plain lists.

facts:
  run GridSearchCV x1
  children GridSearchCV 3
  metric GridSearchCV best_cv_score = gs.best_score_
  param GridSearchCV best_max_depth = gs.best_params_["max_depth"]
"""

import mlflow
import mlflow.sklearn
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeRegressor

mlflow.sklearn.autolog()
rows = [[i % 7, i % 3, i] for i in range(60)]
target = [2.0 * a + b * b - 0.1 * c for a, b, c in rows]
gs = GridSearchCV(DecisionTreeRegressor(random_state=0), {"max_depth": [1, 3, None]}, cv=3)
gs.fit(rows, target)
