"""A regression's predictions are clipped and rounded before they are compared with counts.

facts:
  run PoissonRegressor x1
  metric PoissonRegressor mean_absolute_error_X_test = mae
  metric PoissonRegressor mean_poisson_deviance_X_test = dev
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_absolute_error, mean_poisson_deviance

mlflow.sklearn.autolog()
rng = np.random.default_rng(4)
X = rng.uniform(0, 2, (300, 2))
y = rng.poisson(np.exp(X @ [0.8, 0.3]))
X_train, X_test = X[:200], X[200:]
y_train, y_test = y[:200], y[200:]
glm = PoissonRegressor(alpha=0.1).fit(X_train, y_train)
raw = glm.predict(X_test)
dev = mean_poisson_deviance(y_test, raw)
mae = mean_absolute_error(y_test, np.round(np.clip(raw, 0, 10)))
