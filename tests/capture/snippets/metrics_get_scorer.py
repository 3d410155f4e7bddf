"""Scorers by their names are asked about a fitted model.

facts:
  run LogisticRegression x1
  metric LogisticRegression *roc_auc*_X_test = auc
  metric LogisticRegression *average_precision*_X_test = ap
  dataset LogisticRegression X_test eval
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(400, n_features=6, random_state=33)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=33)
model = LogisticRegression(max_iter=200).fit(X_train, y_train)
auc = get_scorer("roc_auc")(model, X_test, y_test)
scorer = get_scorer("average_precision")
ap = scorer(model, X_test, y_test)
