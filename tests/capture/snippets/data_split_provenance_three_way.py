"""Train, validation and test by two splits; the run knows that it was fitted on a part of a part.

facts:
  run Ridge x1
  tag Ridge *split*
  metric Ridge r2_score_X_val = val
  metric Ridge r2_score-2_X_test = test
  no finding Ridge duplicate
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=0.2, random_state=1)
X_train, X_val, y_train, y_val = train_test_split(X_rest, y_rest, test_size=0.25, random_state=1)
ridge = Ridge(alpha=0.1).fit(X_train, y_train)
val = r2_score(y_val, ridge.predict(X_val))
test = r2_score(y_test, ridge.predict(X_test))
