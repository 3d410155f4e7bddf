"""Breast cancer with a forest; the area under the curve is computed from a slice of predict_proba.

facts:
  runs 1
  metric RandomForestClassifier roc_auc_score_X_test = auc
  metric RandomForestClassifier accuracy_score_X_test = accuracy_score(y_test, y_pred)
  artifact RandomForestClassifier *roc_curve*X_test*
  no finding RandomForestClassifier random_state
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score, roc_curve
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

cancer = load_breast_cancer(as_frame=True)
X = cancer.data
y = cancer.target
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.33, random_state=42, stratify=y
)
rf = RandomForestClassifier(n_estimators=40, random_state=42)
rf.fit(X_train, y_train)
y_pred = rf.predict(X_test)
y_prob = rf.predict_proba(X_test)[:, 1]
print("acc", accuracy_score(y_test, y_pred))
auc = roc_auc_score(y_test, y_prob)
fpr, tpr, thresholds = roc_curve(y_test, y_prob)
print("auc", auc)
