"""House prices with a linear regression; the usual three errors are printed.

facts:
  run LinearRegression x1
  metric LinearRegression mean_absolute_error_X_test = mae
  metric LinearRegression mean_squared_error_X_test = mse
  metric LinearRegression r2_score_X_test = r2
  metric LinearRegression training_r2_score
  dataset LinearRegression X_test eval
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

np.random.seed(101)
houses = pd.DataFrame()
houses["area"] = np.random.normal(1500, 400, 400)
houses["rooms"] = np.random.randint(1, 6, 400)
houses["age"] = np.random.uniform(0, 60, 400)
houses["price"] = 90 * houses.area + 8000 * houses.rooms - 500 * houses.age
houses["price"] += np.random.normal(0, 9000, 400)

X = houses[["area", "rooms", "age"]]
y = houses["price"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=101)
lm = LinearRegression()
lm.fit(X_train, y_train)
predictions = lm.predict(X_test)
mae = mean_absolute_error(y_test, predictions)
mse = mean_squared_error(y_test, predictions)
r2 = r2_score(y_test, predictions)
print("MAE:", mae, "\nMSE:", mse, "\nRMSE:", np.sqrt(mse))
