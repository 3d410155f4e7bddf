"""Not-a-number in X is refused by the model: the run is FAILED, and a second fit is fine.

facts:
  runs 2
  run LinearRegression x2
  status LinearRegression FAILED
  status LinearRegression FINISHED
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LinearRegression

mlflow.sklearn.autolog()
X = np.arange(20.0).reshape(10, 2)
X[3, 1] = np.nan
y = np.arange(10.0)
try:
    LinearRegression().fit(X, y)
except ValueError as e:
    print("oops:", str(e).splitlines()[0])
    LinearRegression().fit(np.nan_to_num(X), y)
