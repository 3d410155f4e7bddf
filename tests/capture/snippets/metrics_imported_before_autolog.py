"""Metric functions were imported, and even renamed, before autologging was switched on.

facts:
  metric SVC f1_score_X_test = score
  metric SVC balanced_accuracy_score_X_test = bacc
  no metric SVC f1
"""

import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import balanced_accuracy_score
from sklearn.metrics import f1_score as f1
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=12)
mlflow.autolog()
svc = SVC(C=5).fit(X_train, y_train)
guess = svc.predict(X_test)
score = f1(y_test, guess)
bacc = balanced_accuracy_score(y_test, guess)
