"""Rows of X and y differ in number; the params of the attempt are still kept.

facts:
  runs 1
  status KNeighborsClassifier FAILED
  param KNeighborsClassifier n_neighbors = 4
  no metric KNeighborsClassifier training_score
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
knn = KNeighborsClassifier(n_neighbors=4)
try:
    knn.fit(X, y[:-1])
except ValueError as error:
    print(error)
