"""The five scores of cross_val_score are one record with their mean, not five runs.

facts:
  runs 1
  run cross_val_score x1
  no run DecisionTreeClassifier
  metric cross_val_score *mean* = scores.mean()
  history cross_val_score *score* 5 = list(scores)
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()

X, y = load_iris(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=3, random_state=0)
scores = cross_val_score(tree, X, y, cv=5)
print(f"{scores.mean():.3f} +/- {scores.std():.3f}")
