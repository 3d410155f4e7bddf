"""A polars frame is training and test data.

facts:
  run RandomForestRegressor x1
  dataset RandomForestRegressor train train
  metric RandomForestRegressor mean_absolute_error_test = mae
  param RandomForestRegressor n_estimators = 15
"""

import mlflow
import mlflow.sklearn
import numpy as np
import polars as pl
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error

mlflow.sklearn.autolog()
rng = np.random.default_rng(14)
df = pl.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
df = df.with_columns((pl.col("a") * 2 - pl.col("b")).alias("y"))
train, test = df[:150].drop("y"), df[150:].drop("y")
forest = RandomForestRegressor(15, random_state=1).fit(train, df["y"][:150].to_numpy())
mae = mean_absolute_error(df["y"][150:].to_numpy(), forest.predict(test))
