"""Two models are fitted in one start_run: the second is a run within it, nothing is overwritten.

facts:
  runs 1
  run Ridge x1
  children Ridge 1
  param Ridge alpha = 1.0
  metric Ridge training_r2_score = ridge.score(X, y)
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.svm import SVR

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
with mlflow.start_run():
    ridge = Ridge(alpha=1.0).fit(X, y)
    svr = SVR(C=50).fit(X, y)
