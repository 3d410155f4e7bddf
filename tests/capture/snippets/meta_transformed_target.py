"""The regressor of a transformed target is one run, with its metrics in the target's own unit.

facts:
  runs 1
  run TransformedTargetRegressor x1
  no run Ridge
  metric TransformedTargetRegressor mean_absolute_error_X_test = mae
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error

mlflow.sklearn.autolog()
rng = np.random.default_rng(25)
X = rng.normal(size=(200, 3))
y = np.exp(X @ [0.5, 0.2, -0.1] + 3)
X_train, X_test, y_train, y_test = X[:150], X[150:], y[:150], y[150:]
ttr = TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)
ttr.fit(X_train, y_train)
mae = mean_absolute_error(y_test, ttr.predict(X_test))
