"""The ElasticNet tutorial of MLflow: own run, own metrics by log_metric beside the recorded ones.

facts:
  runs 1
  run ElasticNet x1
  param ElasticNet alpha = 0.05
  metric ElasticNet rmse = rmse
  metric ElasticNet mean_absolute_error_test_x = mae
  tag ElasticNet stage = "tutorial"
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.metrics import mean_absolute_error, mean_squared_error
from sklearn.model_selection import train_test_split

np.random.seed(40)
mlflow.sklearn.autolog()
data = load_diabetes(as_frame=True).frame
train, test = train_test_split(data)
train_x, test_x = train.drop(["target"], axis=1), test.drop(["target"], axis=1)
train_y, test_y = train[["target"]], test[["target"]]

with mlflow.start_run():
    lr = ElasticNet(alpha=0.05, l1_ratio=0.5, random_state=42)
    lr.fit(train_x, train_y)
    predicted_qualities = lr.predict(test_x)
    rmse = float(np.sqrt(mean_squared_error(test_y, predicted_qualities)))
    mae = mean_absolute_error(test_y, predicted_qualities)
    mlflow.log_metric("rmse", rmse)
    mlflow.set_tag("stage", "tutorial")
