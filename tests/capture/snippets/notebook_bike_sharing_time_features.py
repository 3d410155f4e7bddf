"""Hour and weekday as features of a bike rental series; the last month is the test set.

facts:
  run HistGradientBoostingRegressor x1
  metric HistGradientBoostingRegressor mean_absolute_error_X_test = scores["mae"]
  metric HistGradientBoostingRegressor mean_absolute_percentage_error_X_test = scores["mape"]
  dataset HistGradientBoostingRegressor X_train train
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error

mlflow.sklearn.autolog()

idx = pd.date_range("2023-01-01", periods=24 * 60, freq="h")
df = pd.DataFrame({"hour": idx.hour, "weekday": idx.dayofweek, "month": idx.month}, index=idx)
rng = np.random.default_rng(12)
df["cnt"] = 100 + 50 * np.sin(df.hour / 24 * 2 * np.pi) + rng.normal(0, 5, len(df))

cutoff = "2023-02-15"
train, test = df[df.index < cutoff], df[df.index >= cutoff]
features = ["hour", "weekday", "month"]
X_train, y_train = train[features], train["cnt"]
X_test, y_test = test[features], test["cnt"]
reg = HistGradientBoostingRegressor(max_iter=40, random_state=0).fit(X_train, y_train)
y_pred = reg.predict(X_test)
scores = {
    "mae": mean_absolute_error(y_test, y_pred),
    "mape": mean_absolute_percentage_error(y_test, y_pred),
}
