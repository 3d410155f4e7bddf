"""One object is fitted twice: the metric of old predictions stays with the first run.

facts:
  runs 2
  run Ridge x2
  metric Ridge r2_score_X_test = late
  metric Ridge mean_squared_error_X_test = now
  no metric Ridge r2_score-2*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error, r2_score

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = X[:300], X[300:], y[:300], y[300:]
model = Ridge(alpha=10.0).fit(X_train, y_train)
old = model.predict(X_test)
model.set_params(alpha=0.01).fit(X_train, y_train)
now = mean_squared_error(y_test, model.predict(X_test))
late = r2_score(y_test, old)
