"""The same search over two models, in a dict of grids; the better one is used at the end.

facts:
  run GridSearchCV x2
  runs 2
  metric GridSearchCV best_cv_score = best["lasso"].best_score_
  metric GridSearchCV best_cv_score = best["knn"].best_score_
  metric GridSearchCV r2_score_X_test = final
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsRegressor

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=90)
todo = {
    "lasso": (Lasso(), {"alpha": [0.01, 0.1, 1]}),
    "knn": (KNeighborsRegressor(), {"n_neighbors": [5, 15]}),
}
best = {}
for key, (est, grid) in todo.items():
    best[key] = GridSearchCV(est, grid, cv=4, scoring="r2").fit(X_train, y_train)
winner = max(best.values(), key=lambda g: g.best_score_)
final = r2_score(y_test, winner.predict(X_test))
