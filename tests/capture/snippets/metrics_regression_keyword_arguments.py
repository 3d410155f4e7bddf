"""Both arrays are given by keyword, the prediction first.

facts:
  metric LinearRegression mean_absolute_error_X_eval = mae
  metric LinearRegression r2_score_X_eval = r2
  dataset LinearRegression X_eval eval
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score

mlflow.sklearn.autolog()
X, y = make_regression(120, 3, noise=15, random_state=14)
X_train, y_train = X[:90], y[:90]
X_eval, y_eval = X[90:], y[90:]
ols = LinearRegression()
ols.fit(X_train, y_train)
guesses = ols.predict(X=X_eval)
mae = mean_absolute_error(y_pred=guesses, y_true=y_eval)
r2 = r2_score(y_pred=guesses, y_true=y_eval)
