"""The diabetes example of the documentation: one feature, the last twenty rows held out.

facts:
  run LinearRegression x1
  metric LinearRegression mean_squared_error_diabetes_X_test = mse
  metric LinearRegression r2_score_diabetes_X_test = r2
  dataset LinearRegression diabetes_X_train train
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn import datasets, linear_model
from sklearn.metrics import mean_squared_error, r2_score

mlflow.sklearn.autolog()

diabetes_X, diabetes_y = datasets.load_diabetes(return_X_y=True)
diabetes_X = diabetes_X[:, np.newaxis, 2]
diabetes_X_train = diabetes_X[:-20]
diabetes_X_test = diabetes_X[-20:]
diabetes_y_train = diabetes_y[:-20]
diabetes_y_test = diabetes_y[-20:]

regr = linear_model.LinearRegression()
regr.fit(diabetes_X_train, diabetes_y_train)
diabetes_y_pred = regr.predict(diabetes_X_test)
print("Coefficients: \n", regr.coef_)
mse = mean_squared_error(diabetes_y_test, diabetes_y_pred)
r2 = r2_score(diabetes_y_test, diabetes_y_pred)
