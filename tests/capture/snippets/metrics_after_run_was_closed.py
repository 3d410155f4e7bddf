"""The metric is computed after the with block has ended; it still goes to the model's run.

facts:
  runs 1
  metric SVR mean_absolute_error_X_test = mae
  status SVR FINISHED
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_friedman1
from sklearn.metrics import mean_absolute_error
from sklearn.svm import SVR

mlflow.sklearn.autolog()
X_train, y_train = make_friedman1(150, noise=0.5, random_state=1)
X_test, y_test = make_friedman1(60, noise=0.5, random_state=2)
with mlflow.start_run():
    svr = SVR(C=10).fit(X_train, y_train)
mae = mean_absolute_error(y_test, svr.predict(X_test))
