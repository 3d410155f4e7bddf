"""One candidate cannot be fitted; it stays as a failed child, and the search goes on.

facts:
  run GridSearchCV x1
  children GridSearchCV 3
  status GridSearchCV FINISHED
  metric GridSearchCV best_cv_score = gs.best_score_
"""

import warnings

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
gs = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5, -3]}, error_score=np.nan, cv=3)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gs.fit(X, y)
