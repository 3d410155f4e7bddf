"""A regression tree without random_state anywhere: the record says that it cannot be repeated.

facts:
  run DecisionTreeRegressor x1
  metric DecisionTreeRegressor max_error_X_test = worst
  finding DecisionTreeRegressor random_state
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.metrics import max_error
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

mlflow.sklearn.autolog()

students = pd.DataFrame({"Hours": [2.5, 5.1, 3.2, 8.5, 3.5, 1.5, 9.2, 5.5, 8.3, 2.7, 7.7, 5.9]})
students["Scores"] = [21, 47, 27, 75, 30, 20, 88, 60, 81, 25, 85, 62]
X = students.iloc[:, :-1].values
y = students.iloc[:, 1].values
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
regressor = DecisionTreeRegressor(max_features=1)
regressor.fit(X_train, y_train)
worst = max_error(y_test, regressor.predict(X_test))
