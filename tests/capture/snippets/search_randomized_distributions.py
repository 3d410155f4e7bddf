"""Values are drawn from scipy's distributions; the best ones are params of the search.

facts:
  run RandomizedSearchCV x1
  children RandomizedSearchCV 6
  param RandomizedSearchCV best_alpha = rs.best_params_["alpha"]
  metric RandomizedSearchCV best_cv_score = rs.best_score_
  no finding RandomizedSearchCV random_state
"""

import mlflow
import mlflow.sklearn
from scipy.stats import loguniform
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import RandomizedSearchCV

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
rs = RandomizedSearchCV(Ridge(), {"alpha": loguniform(1e-3, 10)}, n_iter=6, random_state=0)
rs.fit(X, y)
