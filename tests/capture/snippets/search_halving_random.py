"""Halving with drawn candidates; the number of children is what cv_results_ has.

facts:
  runs 1
  run HalvingRandomSearchCV x1
  children HalvingRandomSearchCV 7
  child HalvingRandomSearchCV *mean_test_score* = hs.best_score_
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.experimental import enable_halving_search_cv
from sklearn.linear_model import Ridge
from sklearn.model_selection import HalvingRandomSearchCV

mlflow.sklearn.autolog()
X, y = make_regression(240, 5, noise=20, random_state=4)
hs = HalvingRandomSearchCV(
    Ridge(),
    {"alpha": [0.01, 0.1, 1, 10]},
    n_candidates=4,
    factor=2,
    min_resources=60,
    random_state=1,
)
hs.fit(X, y)
print(enable_halving_search_cv.__name__, len(hs.cv_results_["params"]))
