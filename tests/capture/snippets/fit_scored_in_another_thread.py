"""The model is fitted here and evaluated by a thread; the metric finds its run.

facts:
  runs 1
  metric Lasso mean_squared_error_X_test = box[0]
  run Lasso x1
"""

import threading

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.linear_model import Lasso
from sklearn.metrics import mean_squared_error

mlflow.sklearn.autolog()
X, y = make_regression(150, 8, noise=9, random_state=66)
X_test, y_test = X[100:], y[100:]
lasso = Lasso(alpha=0.3).fit(X[:100], y[:100])
box = []
watcher = threading.Thread(
    target=lambda: box.append(mean_squared_error(y_test, lasso.predict(X_test)))
)
watcher.start()
watcher.join()
