"""A randomized search without a seed cannot be repeated; its run says so.

facts:
  run RandomizedSearchCV x1
  children RandomizedSearchCV 3
  finding RandomizedSearchCV random_state
"""

import mlflow
import mlflow.sklearn
from scipy.stats import uniform
from sklearn.datasets import load_iris
from sklearn.model_selection import RandomizedSearchCV
from sklearn.svm import SVC

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
search = RandomizedSearchCV(SVC(), {"C": uniform(0.1, 10)}, n_iter=3, cv=3)
search.fit(X, y)
