"""Label ranking metrics of a multilabel model, from the list that predict_proba gives.

facts:
  run RandomForestClassifier x1
  metric RandomForestClassifier label_ranking_average_precision_score_X_test = lrap
  metric RandomForestClassifier coverage_error_X_test = cov
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import coverage_error, label_ranking_average_precision_score

mlflow.sklearn.autolog()
X, Y = make_multilabel_classification(250, n_classes=4, allow_unlabeled=False, random_state=0)
X_train, Y_train, X_test, Y_test = X[:180], Y[:180], X[180:], Y[180:]
rf = RandomForestClassifier(25, random_state=0).fit(X_train, Y_train)
P = np.column_stack([p[:, 1] for p in rf.predict_proba(X_test)])
lrap = label_ranking_average_precision_score(Y_test, P)
cov = coverage_error(Y_test, P)
