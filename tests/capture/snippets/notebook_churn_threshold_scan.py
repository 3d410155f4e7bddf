"""Thresholds for churn are scanned in a loop; every F1 score is of the same model and test set.

facts:
  run RandomForestClassifier x1
  metric RandomForestClassifier f1_score_X_test = f1s[0]
  metric RandomForestClassifier f1_score-2_X_test = f1s[1]
  metric RandomForestClassifier f1_score-5_X_test = f1s[4]
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

X, y = make_classification(n_samples=600, weights=[0.8], flip_y=0.05, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
clf = RandomForestClassifier(n_estimators=30, random_state=0).fit(X_train, y_train)
proba = clf.predict_proba(X_test)[:, 1]

thresholds = [0.2, 0.3, 0.4, 0.5, 0.6]
f1s = []
for t in thresholds:
    f1s.append(f1_score(y_test, (proba >= t).astype(int)))
print("best threshold", thresholds[int(np.argmax(f1s))])
