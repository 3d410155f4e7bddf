"""Without refit there is no best estimator, but the candidates and the best score are there.

facts:
  run GridSearchCV x1
  children GridSearchCV 4
  metric GridSearchCV best_cv_score = gs.best_score_
  no metric GridSearchCV training_score
  status GridSearchCV FINISHED
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
gs = GridSearchCV(Ridge(), {"alpha": [0.001, 0.01, 0.1, 1.0]}, refit=False)
gs.fit(X, y)
print(gs.best_params_)
