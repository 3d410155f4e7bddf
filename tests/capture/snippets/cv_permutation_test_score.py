"""The score, the p-value and nothing of the permutations' single fits.

facts:
  runs 1
  run permutation_test_score x1
  metric permutation_test_score *score* = score
  metric permutation_test_score *p*value* = pvalue
  no run LinearSVC
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold, permutation_test_score
from sklearn.svm import LinearSVC

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
X, y = X[y != 0], y[y != 0]
score, perm_scores, pvalue = permutation_test_score(
    LinearSVC(random_state=0, C=0.1),
    X,
    y,
    cv=StratifiedKFold(2),
    n_permutations=15,
    random_state=0,
)
