"""check_scoring gives the estimator's own score, which counts as its score.

facts:
  metric Lasso *score*_X_test = value
  metric Lasso *neg_mean_absolute_error*_X_test = mae
  run Lasso x1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
lasso = Lasso(alpha=0.1).fit(X_train, y_train)
score = check_scoring(lasso)
value = score(lasso, X_test, y_test)
mae = check_scoring(lasso, scoring="neg_mean_absolute_error")(lasso, X_test, y_test)
