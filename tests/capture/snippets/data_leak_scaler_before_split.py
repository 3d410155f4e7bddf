"""The scaler has seen all rows before the split; a pipeline would not have.

facts:
  run KNeighborsRegressor x1
  finding KNeighborsRegressor leak
  artifact KNeighborsRegressor *preparation*
  metric KNeighborsRegressor r2_score_X_test = r2
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True, scaled=False)
X_scaled = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X_scaled, y, random_state=3)
knn = KNeighborsRegressor(8).fit(X_train, y_train)
r2 = r2_score(y_test, knn.predict(X_test))
