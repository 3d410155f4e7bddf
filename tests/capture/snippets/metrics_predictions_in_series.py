"""Predictions are put into a Series with the index of the test frame and joined to the truth.

facts:
  metric Ridge mean_squared_error_X_test = mse
  metric Ridge r2_score_X_test = r2
  no finding Ridge random_state
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=100, random_state=2)
model = Ridge(alpha=0.2)
model.fit(X_train, y_train)
pred = pd.Series(model.predict(X_test), index=X_test.index, name="pred")
both = pd.concat([y_test, pred], axis=1)
mse = mean_squared_error(both["target"], both["pred"])
r2 = r2_score(y_test, pred)
