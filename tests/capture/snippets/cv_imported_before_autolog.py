"""The function was imported, under another name too, long before autologging.

facts:
  runs 1
  run cross_val_score x1
  metric cross_val_score *mean* = result.mean()
  param cross_val_score *max_depth* = 3
"""

import mlflow
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score as cvs
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
model = DecisionTreeClassifier(max_depth=3, random_state=4)


def main():
    mlflow.sklearn.autolog()
    return cvs(model, X, y, cv=3, scoring="balanced_accuracy")


result = main()
