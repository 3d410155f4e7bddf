"""A slice of predict_proba and its thresholded form are both traced to the forest.

facts:
  metric RandomForestClassifier roc_auc_score_X_test = auc
  metric RandomForestClassifier recall_score_X_test = recall
  dataset RandomForestClassifier X_test eval
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import recall_score, roc_auc_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(300, random_state=1)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
forest = RandomForestClassifier(20, random_state=1).fit(X_train, y_train)
scores = forest.predict_proba(X_test)[:, 1]
auc = roc_auc_score(y_test, scores)
recall = recall_score(y_test, scores > 0.35)
