"""The score method on two data sets and once more on the second: the index counts calls of a run.

facts:
  metric KNeighborsClassifier KNeighborsClassifier_score_X_a = a
  metric KNeighborsClassifier KNeighborsClassifier_score-2_X_b = b
  metric KNeighborsClassifier KNeighborsClassifier_score-3_X_b = b
  dataset KNeighborsClassifier X_a eval
  dataset KNeighborsClassifier X_b eval
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_moons
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
X, y = make_moons(300, noise=0.3, random_state=5)
X_a, y_a = make_moons(80, noise=0.3, random_state=6)
X_b, y_b = make_moons(80, noise=0.4, random_state=7)
knn = KNeighborsClassifier(5).fit(X, y)
a = knn.score(X_a, y_a)
b = knn.score(X_b, y_b)
print("again:", knn.score(X_b, y_b))
