"""Fit and metrics are in a start_run of the user's: all of it is in that one run.

facts:
  runs 1
  metric LogisticRegression precision_score_X_test = precision
  metric LogisticRegression business_value = value
  param LogisticRegression threshold = 0.3
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(300, random_state=61)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=61)
with mlflow.start_run(run_name="threshold study"):
    mlflow.log_param("threshold", 0.3)
    lr = LogisticRegression(max_iter=300).fit(X_train, y_train)
    flagged = lr.predict_proba(X_test)[:, 1] > 0.3
    precision = precision_score(y_test, flagged)
    value = float(100 * (flagged & (y_test == 1)).sum() - 20 * flagged.sum())
    mlflow.log_metric("business_value", value)
