"""Six regression metrics of one prediction, with sample weights for one of them.

facts:
  metric BayesianRidge mean_squared_error_X_test = values[0]
  metric BayesianRidge mean_absolute_percentage_error_X_test = values[1]
  metric BayesianRidge explained_variance_score_X_test = values[2]
  metric BayesianRidge d2_absolute_error_score_X_test = values[3]
  metric BayesianRidge mean_squared_error-2_X_test = weighted
  metric BayesianRidge mean_pinball_loss_X_test = values[4]
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn import metrics as m
from sklearn.datasets import load_diabetes
from sklearn.linear_model import BayesianRidge
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=30)
y_pred = BayesianRidge().fit(X_train, y_train).predict(X_test)
values = [
    m.mean_squared_error(y_test, y_pred),
    m.mean_absolute_percentage_error(y_test, y_pred),
    m.explained_variance_score(y_test, y_pred),
    m.d2_absolute_error_score(y_test, y_pred),
    m.mean_pinball_loss(y_test, y_pred, alpha=0.2),
]
weighted = m.mean_squared_error(y_test, y_pred, sample_weight=np.sqrt(y_test))
