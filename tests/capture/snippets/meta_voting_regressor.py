"""A voting regressor predicts the mean of its parts.

facts:
  runs 1
  run VotingRegressor x1
  no run LinearRegression
  metric VotingRegressor mean_absolute_error_Xt = mae
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor, VotingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
Xt, yt = X[-20:], y[-20:]
reg1 = RandomForestRegressor(n_estimators=10, random_state=1)
ereg = VotingRegressor([("rf", reg1), ("lr", LinearRegression())]).fit(X[:-20], y[:-20])
mae = mean_absolute_error(yt, ereg.predict(Xt))
