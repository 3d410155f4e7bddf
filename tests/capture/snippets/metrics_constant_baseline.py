"""A constant guess is scored between two real ones: it is of no model.

facts:
  runs 1
  metric LinearRegression mean_squared_error_X_test = ours
  no metric LinearRegression mean_squared_error-2*
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=55)
linear = LinearRegression().fit(X_train, y_train)
ours = mean_squared_error(y_test, linear.predict(X_test))
theirs = mean_squared_error(y_test, np.full(len(y_test), y_train.mean()))
print(ours, "against", theirs)
