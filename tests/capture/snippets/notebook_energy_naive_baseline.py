"""The model is compared with "same as yesterday", whose error belongs to no model.

facts:
  runs 1
  metric RandomForestRegressor mean_absolute_error_test_X = mae_rf
  no metric RandomForestRegressor mean_absolute_error-2*
  run RandomForestRegressor x1
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error

mlflow.sklearn.autolog()

rng = np.random.default_rng(31)
load = pd.Series(1000 + 100 * np.sin(np.arange(365) / 58) + rng.normal(0, 20, 365))
frame = pd.DataFrame({"load": load, "d1": load.shift(1), "d7": load.shift(7)}).dropna()
train, test = frame.iloc[:300], frame.iloc[300:]
train_X, test_X = train[["d1", "d7"]], test[["d1", "d7"]]

rf = RandomForestRegressor(n_estimators=30, random_state=0)
rf.fit(train_X, train["load"])
forecast = rf.predict(test_X)
mae_rf = mean_absolute_error(test["load"], forecast)
mae_naive = mean_absolute_error(test["load"], test["d1"])
print("model", mae_rf, "naive", mae_naive)
