"""With error_score="raise" the search itself fails, and its run says FAILED.

facts:
  run GridSearchCV x1
  status GridSearchCV FAILED
  no metric GridSearchCV best_cv_score
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
gs = GridSearchCV(LogisticRegression(max_iter=500), {"C": [-1.0, 1.0]}, error_score="raise", cv=3)
try:
    gs.fit(X, y)
except ValueError as error:
    print("as expected:", type(error).__name__)
