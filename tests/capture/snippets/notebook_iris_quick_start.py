"""The shortest notebook there is: load, fit, score in one line.

facts:
  runs 1
  run LogisticRegression x1
  metric LogisticRegression LogisticRegression_score_X = s
  metric LogisticRegression training_accuracy_score = s
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.sklearn.autolog()

X, y = load_iris(return_X_y=True)
s = LogisticRegression(max_iter=1000).fit(X, y).score(X, y)
print(s)
