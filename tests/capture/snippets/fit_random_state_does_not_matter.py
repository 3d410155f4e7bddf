"""These models have a random_state that they do not use as set: nothing is said.

facts:
  runs 2
  no finding LogisticRegression random_state
  no finding Ridge random_state
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
LogisticRegression(max_iter=400).fit(X, y)
Ridge(alpha=0.5).fit(X[:, :3], X[:, 3])
