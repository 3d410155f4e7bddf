"""Competition style: predictions of an unlabelled test frame go to a submission, without a metric.

facts:
  run GradientBoostingRegressor x1
  metric GradientBoostingRegressor training_mean_squared_error
  no metric GradientBoostingRegressor *_test
  dataset GradientBoostingRegressor X train
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor

mlflow.sklearn.autolog()

rng = np.random.default_rng(1460)
train = pd.DataFrame({"Id": range(100), "x1": rng.random(100), "x2": rng.random(100)})
train["target"] = 3 * train.x1 - train.x2
test = pd.DataFrame({"Id": range(100, 150), "x1": rng.random(50), "x2": rng.random(50)})

X, y = train[["x1", "x2"]], train["target"]
gbm = GradientBoostingRegressor(n_estimators=20, random_state=3)
gbm.fit(X, y)
submission = pd.DataFrame({"Id": test["Id"], "target": gbm.predict(test[["x1", "x2"]])})
print(submission.head())
