"""A clone is another model: its fit is another run, with the same params.

facts:
  runs 2
  run ElasticNet x2
  metric ElasticNet r2_score_X_test = r2_a
  metric ElasticNet r2_score_X_test = r2_b
  no metric ElasticNet r2_score-2*
"""

import mlflow
import mlflow.sklearn
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import r2_score

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_test, y_test = X[400:], y[400:]
a = ElasticNet(alpha=0.01).fit(X[:200], y[:200])
b = clone(a).fit(X[200:400], y[200:400])
r2_a = r2_score(y_test, a.predict(X_test))
r2_b = r2_score(y_test, b.predict(X_test))
