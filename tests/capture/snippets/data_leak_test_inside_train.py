"""The final fit is on everything, and is then scored on rows that it has seen.

facts:
  run SVC x1
  finding SVC overlap
  metric SVC SVC_score_X_test = s
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
svc = SVC(gamma=0.001)
svc.fit(X, y)  # meant X_train
s = svc.score(X_test, y_test)
