"""Four models are fitted and scored in threads of the user's; nothing is mixed up.

facts:
  runs 4
  run Ridge x4
  metric Ridge r2_score_X_test = scores[0]
  metric Ridge r2_score_X_test = scores[3]
  no metric Ridge r2_score-2_X_test
"""

from concurrent.futures import ThreadPoolExecutor

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = X[:350], X[350:], y[:350], y[350:]


def job(alpha):
    model = Ridge(alpha=alpha).fit(X_train, y_train)
    return r2_score(y_test, model.predict(X_test))


with ThreadPoolExecutor(max_workers=2) as pool:
    scores = list(pool.map(job, [0.01, 0.1, 1.0, 10.0]))
