"""A cross-validation within start_run fills that run beside what the user logs.

facts:
  runs 1
  metric cross_validate *mean_absolute_error* = scores["test_score"].mean()
  metric cross_validate my_mae = -scores["test_score"].mean()
  no run Lasso
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.model_selection import cross_validate

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True, as_frame=True)
with mlflow.start_run(run_name="baseline"):
    scores = cross_validate(Lasso(alpha=0.05), X, y, cv=5, scoring="neg_mean_absolute_error")
    mlflow.log_metric("my_mae", -scores["test_score"].mean())
