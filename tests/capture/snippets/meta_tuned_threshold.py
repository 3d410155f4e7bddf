"""The threshold that was found, and the score that it gave, are on the one run.

facts:
  runs 1
  run TunedThresholdClassifierCV x1
  metric TunedThresholdClassifierCV *best_score* = tuned.best_score_
  metric TunedThresholdClassifierCV *best_threshold* = tuned.best_threshold_
  metric TunedThresholdClassifierCV balanced_accuracy_score_X_test = bacc
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(500, weights=[0.9, 0.1], class_sep=0.8, random_state=42)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=42)
tuned = TunedThresholdClassifierCV(LogisticRegression(max_iter=200), cv=3, random_state=0)
tuned.fit(X_train, y_train)
bacc = balanced_accuracy_score(y_test, tuned.predict(X_test))
