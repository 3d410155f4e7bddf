"""The loss of every epoch of a neural network, and its last value as a metric.

facts:
  run MLPRegressor x1
  history MLPRegressor *loss* 12 = net.loss_curve_
  metric MLPRegressor *loss* = net.loss_
  finding MLPRegressor ConvergenceWarning
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.neural_network import MLPRegressor

mlflow.sklearn.autolog()
X, y = make_regression(200, 5, random_state=3)
y = y / y.std()
net = MLPRegressor(hidden_layer_sizes=(10,), max_iter=12, random_state=3)
net.fit(X, y)
