"""Lags of a sales series are cross-validated by TimeSeriesSplit.

facts:
  runs 1
  run cross_validate x1
  metric cross_validate *neg_mean_absolute_error* = -mae.mean()
  history cross_validate *neg_root_mean_squared_error* 4
  no run Ridge
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_validate

mlflow.sklearn.autolog()

rng = np.random.default_rng(6)
sales = pd.DataFrame({"y": np.cumsum(rng.normal(0, 1, 220)) + 50})
for lag in (1, 2, 7):
    sales[f"lag_{lag}"] = sales["y"].shift(lag)
sales["rolling_mean"] = sales["y"].shift(1).rolling(7).mean()
sales = sales.dropna()

ts_cv = TimeSeriesSplit(n_splits=4, gap=3)
cv_results = cross_validate(
    Ridge(alpha=1.0),
    sales.drop(columns="y"),
    sales["y"],
    cv=ts_cv,
    scoring=["neg_mean_absolute_error", "neg_root_mean_squared_error"],
)
mae = -cv_results["test_neg_mean_absolute_error"]
print(f"Mean Absolute Error:     {mae.mean():.3f} +/- {mae.std():.3f}")
