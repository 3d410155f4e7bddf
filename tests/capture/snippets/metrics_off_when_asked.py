"""Post-training metrics are switched off by their option, and none is recorded.

facts:
  run DecisionTreeClassifier x1
  no metric DecisionTreeClassifier accuracy_score*
  no metric DecisionTreeClassifier DecisionTreeClassifier_score*
  metric DecisionTreeClassifier training_accuracy_score
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog(log_post_training_metrics=False)
X, y = load_iris(return_X_y=True)
tree = DecisionTreeClassifier(max_depth=2, random_state=1).fit(X[::2], y[::2])
print(accuracy_score(y[1::2], tree.predict(X[1::2])))
print(tree.score(X[1::2], y[1::2]))
