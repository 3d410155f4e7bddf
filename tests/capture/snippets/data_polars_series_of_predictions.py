"""Predictions become a column of a polars frame, from which the metric is computed.

facts:
  run LinearRegression x1
  metric LinearRegression r2_score_X_test = r2
  dataset LinearRegression X_train train
"""

import mlflow
import mlflow.sklearn
import numpy as np
import polars as pl
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

mlflow.sklearn.autolog()
rng = np.random.default_rng(52)
frame = pl.DataFrame({"x": rng.uniform(size=100)}).with_columns(
    (3 * pl.col("x") + pl.Series(rng.normal(0, 0.2, 100))).alias("y")
)
X_train, X_test = frame[:70].select("x"), frame[70:].select("x")
lin = LinearRegression().fit(X_train, frame["y"][:70].to_numpy())
result = frame[70:].with_columns(pl.Series("pred", lin.predict(X_test)))
r2 = r2_score(result["y"].to_numpy(), result["pred"].to_numpy())
