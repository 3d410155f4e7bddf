"""One regressor for each of three outputs is one run.

facts:
  runs 1
  run MultiOutputRegressor x1
  no run GradientBoostingRegressor
  metric MultiOutputRegressor r2_score_X_test = r2
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import r2_score
from sklearn.multioutput import MultiOutputRegressor

mlflow.sklearn.autolog()
X, Y = make_regression(150, 6, n_targets=3, noise=2, random_state=1)
X_train, X_test, Y_train, Y_test = X[:110], X[110:], Y[:110], Y[110:]
mor = MultiOutputRegressor(GradientBoostingRegressor(n_estimators=15, random_state=0))
mor.fit(X_train, Y_train)
r2 = r2_score(Y_test, mor.predict(X_test))
