"""Two fixed thresholds of the same model, compared by recall.

facts:
  run FixedThresholdClassifier x2
  no run LogisticRegression
  metric FixedThresholdClassifier recall_score_X_test = rec[0.2]
  param FixedThresholdClassifier threshold = 0.7
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import FixedThresholdClassifier, train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(300, weights=[0.8], random_state=30)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=30)
rec = {}
for t in (0.2, 0.7):
    fixed = FixedThresholdClassifier(LogisticRegression(max_iter=300), threshold=t)
    rec[t] = recall_score(y_test, fixed.fit(X_train, y_train).predict(X_test))
