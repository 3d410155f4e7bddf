"""RFECV keeps the score for each number of features: a history of the one run.

facts:
  runs 1
  run RFECV x1
  history RFECV *mean_test_score* 6 = list(sel.cv_results_["mean_test_score"])
  no run DecisionTreeRegressor
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_friedman1
from sklearn.feature_selection import RFECV
from sklearn.tree import DecisionTreeRegressor

mlflow.sklearn.autolog()
X, y = make_friedman1(120, n_features=6, random_state=0)
sel = RFECV(DecisionTreeRegressor(max_depth=4, random_state=0), cv=3).fit(X, y)
print(sel.support_, sel.ranking_)
