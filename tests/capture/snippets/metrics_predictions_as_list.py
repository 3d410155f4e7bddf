"""Predictions become a plain Python list, and labels come back through a dict.

facts:
  run DecisionTreeClassifier x1
  metric DecisionTreeClassifier accuracy_score_X_test = acc
  metric DecisionTreeClassifier cohen_kappa_score_X_test = kappa
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.metrics import accuracy_score, cohen_kappa_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X_train, y_train)
preds = list(tree.predict(X_test))
acc = accuracy_score(list(y_test), preds)
names = {0: "barolo", 1: "grignolino", 2: "barbera"}
kappa = cohen_kappa_score([names[i] for i in y_test], [names[i] for i in preds])
