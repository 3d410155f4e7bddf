"""One forest has a seed and one has none; only the second is noted.

facts:
  runs 2
  finding ExtraTreesClassifier random_state
  no finding RandomForestClassifier random_state
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
seeded = RandomForestClassifier(10, random_state=0).fit(X, y)
loose = ExtraTreesClassifier(10).fit(X, y)
