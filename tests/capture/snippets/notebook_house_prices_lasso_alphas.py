"""A loop over alphas for Lasso appends the validation error of each to a list.

facts:
  runs 4
  run Lasso x4
  metric Lasso mean_squared_error_X_valid = errors[0]
  metric Lasso mean_squared_error_X_valid = errors[3]
  no metric Lasso mean_squared_error-2*
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import Lasso
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.RandomState(8)
X = rng.randn(200, 12)
y = X[:, :3] @ [50.0, 20.0, 10.0] + 200 + rng.randn(200)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=8)

alphas = [0.01, 0.1, 1, 10]
errors = []
for a in alphas:
    model = Lasso(alpha=a)
    model.fit(X_train, y_train)
    errors.append(mean_squared_error(y_valid, model.predict(X_valid)))

best = alphas[int(np.argmin(errors))]
print("best alpha", best)
