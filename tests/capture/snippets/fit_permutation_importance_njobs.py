"""The same with two workers and a named scorer.

facts:
  runs 1
  artifact Ridge *permutation_importance*
  no metric Ridge r2_score*
  no metric Ridge *score-2*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
ridge = Ridge(alpha=0.01).fit(X[:300], y[:300])
result = permutation_importance(
    ridge, X[300:], y[300:], scoring="r2", n_repeats=4, random_state=1, n_jobs=2
)
