"""A forward selection cross-validates its model for each feature, and makes one run, not dozens.

facts:
  runs 1
  run SequentialFeatureSelector x1
  no run KNeighborsClassifier
  param SequentialFeatureSelector n_features_to_select = 2
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True, as_frame=True)
knn = KNeighborsClassifier(n_neighbors=3)
sfs = SequentialFeatureSelector(knn, n_features_to_select=2, cv=3)
sfs.fit(X, y)
print(list(X.columns[sfs.get_support()]))
