"""The split has no random_state: the run cannot be repeated although the model is deterministic.

facts:
  run LinearRegression x1
  tag LinearRegression *split*
  finding LinearRegression random_state
  metric LinearRegression LinearRegression_score_X_test = score
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y)
lm = LinearRegression().fit(X_train, y_train)
score = lm.score(X_test, y_test)
