"""Within a pipeline the selection's own model is part of the one run.

facts:
  runs 1
  run Pipeline x1
  no run Lasso
  no run LinearRegression
  metric Pipeline Pipeline_score_X_test = r2
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.pipeline import Pipeline

mlflow.sklearn.autolog()
X, y = make_regression(150, 20, n_informative=4, noise=5, random_state=11)
X_train, X_test, y_train, y_test = X[:100], X[100:], y[:100], y[100:]
pipe = Pipeline([("pick", SelectFromModel(Lasso(alpha=1.0))), ("ols", LinearRegression())])
r2 = pipe.fit(X_train, y_train).score(X_test, y_test)
