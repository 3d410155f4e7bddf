"""Two workers fit the candidates; still one run with all its children.

facts:
  runs 1
  run GridSearchCV x1
  children GridSearchCV 4
  no run DecisionTreeClassifier
  child GridSearchCV *mean_test_score* = gs.best_score_
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = make_classification(200, random_state=83)
grid = {"max_depth": [1, 2, 4, 8]}
gs = GridSearchCV(DecisionTreeClassifier(random_state=1), grid, cv=3, n_jobs=2).fit(X, y)
