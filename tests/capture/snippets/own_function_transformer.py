"""A FunctionTransformer with numpy's log1p before a linear model, all in one run.

facts:
  runs 1
  run Pipeline x1
  no run FunctionTransformer
  metric Pipeline r2_score_X_test = r2
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

mlflow.sklearn.autolog()
X = np.random.default_rng(1).lognormal(size=(120, 2))
y = np.log1p(X).sum(axis=1)
X_train, X_test, y_train, y_test = X[:80], X[80:], y[:80], y[80:]
pipe = make_pipeline(FunctionTransformer(np.log1p), LinearRegression())
r2 = r2_score(y_test, pipe.fit(X_train, y_train).predict(X_test))
