"""The prediction input is an expression; the metric is kept under MLflow's word for that.

facts:
  metric Ridge r2_score_unknown_dataset = r2
  run Ridge x1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
ridge = Ridge().fit(X[:350] * 1.0, y[:350])
r2 = r2_score(y[350:], ridge.predict(X[350:] * 1.0))
