"""A forest is tuned by a grid on a Titanic-like frame, and the best one is checked on other rows.

facts:
  run GridSearchCV x1
  children GridSearchCV 4
  metric GridSearchCV best_cv_score = grid.best_score_
  param GridSearchCV best_max_depth = grid.best_params_["max_depth"]
  metric GridSearchCV accuracy_score_X_test = accuracy_score(y_test, predictions)
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(11)
n = 240
df = pd.DataFrame({"Parch": rng.integers(0, 3, n), "Fare": rng.lognormal(3, 1, n)})
df["IsAlone"] = (df["Parch"] == 0).astype(int)
target = (np.log(df["Fare"]) + rng.normal(0, 0.7, n) > 3).astype(int)
X_train, X_test, y_train, y_test = train_test_split(df, target, test_size=0.25, random_state=11)

params = {"max_depth": [2, 5], "n_estimators": [5, 15]}
grid = GridSearchCV(RandomForestClassifier(random_state=0), params, cv=3)
grid.fit(X_train, y_train)
print(grid.best_params_, grid.best_score_)

predictions = grid.predict(X_test)
print(accuracy_score(y_test, predictions))
