"""metrics.auc of a roc_curve is the model's although it never sees the predictions.

facts:
  artifact GaussianNB *roc_curve*X_test*
  metric GaussianNB auc* = area
  run GaussianNB x1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import auc, roc_curve
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
nb = GaussianNB().fit(X_train, y_train)
fpr, tpr, _ = roc_curve(y_test, nb.predict_proba(X_test)[:, 1])
area = auc(fpr, tpr)
