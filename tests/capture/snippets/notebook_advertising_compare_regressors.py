"""Advertising budgets: a list of regressors, one line of RMSE each, gathered as tuples.

facts:
  runs 4
  run SVR x1
  run KNeighborsRegressor x1
  metric KNeighborsRegressor root_mean_squared_error_X_test = board["KNeighborsRegressor"]
  metric SVR root_mean_squared_error_X_test = board["SVR"]
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR

mlflow.sklearn.autolog()

np.random.seed(200)
ads = pd.DataFrame(np.random.uniform(0, 300, (200, 3)), columns=["TV", "Radio", "Newspaper"])
ads["Sales"] = 0.05 * ads.TV + 0.1 * ads.Radio + np.random.normal(0, 1, 200)
X_train, X_test, y_train, y_test = train_test_split(
    ads[["TV", "Radio", "Newspaper"]], ads["Sales"], train_size=0.7, random_state=100
)
regs = [
    LinearRegression(),
    RandomForestRegressor(20, random_state=0),
    SVR(),
    KNeighborsRegressor(),
]
scores = []
for reg in regs:
    reg.fit(X_train, y_train)
    scores.append((reg.__class__.__name__, root_mean_squared_error(y_test, reg.predict(X_test))))
board = dict(scores)
print(pd.DataFrame(scores, columns=["model", "rmse"]))
