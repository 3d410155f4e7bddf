"""Two targets at once, with an error for each of them and the mean.

facts:
  run LinearRegression x1
  metric LinearRegression mean_squared_error_X_test = mean
  metric LinearRegression mean_absolute_error*_X_test* = each[0]
  metric LinearRegression mean_absolute_error*_X_test* = each[1]
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_linnerud
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, mean_squared_error

mlflow.sklearn.autolog()
X, Y = load_linnerud(return_X_y=True)
X_train, X_test, Y_train, Y_test = X[:15], X[15:], Y[:15, :2], Y[15:, :2]
lin = LinearRegression().fit(X_train, Y_train)
P = lin.predict(X_test)
mean = mean_squared_error(Y_test, P)
each = mean_absolute_error(Y_test, P, multioutput="raw_values")
