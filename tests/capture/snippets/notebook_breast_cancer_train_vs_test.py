"""Train and test accuracy of one tree are kept in a dict of metrics, to see whether it overfits.

facts:
  run DecisionTreeClassifier x1
  metric DecisionTreeClassifier accuracy_score_X_train = metrics["train"]
  metric DecisionTreeClassifier accuracy_score-2_X_test = metrics["test"]
  metric DecisionTreeClassifier precision_score_X_test = metrics["precision"]
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score, precision_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
dt = DecisionTreeClassifier(random_state=0).fit(X_train, y_train)

metrics = {}
metrics["train"] = accuracy_score(y_train, dt.predict(X_train))
metrics["test"] = accuracy_score(y_test, dt.predict(X_test))
metrics["precision"] = precision_score(y_test, dt.predict(X_test))
print(metrics)
