"""A scorer that is a bare function of (estimator, X, y) uses a metric inside; that metric is kept.

facts:
  metric GradientBoostingClassifier precision_score_X_test = p
  run GradientBoostingClassifier x1
  dataset GradientBoostingClassifier X_test eval
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import precision_score
from sklearn.model_selection import train_test_split


def precision_of_top_quarter(estimator, X, y):
    p = estimator.predict_proba(X)[:, 1]
    return precision_score(y, p >= np.quantile(p, 0.75))


mlflow.sklearn.autolog()
X, y = make_classification(320, random_state=44)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=44)
gbc = GradientBoostingClassifier(n_estimators=15, random_state=0).fit(X_train, y_train)
p = precision_of_top_quarter(gbc, X_test, y_test)
