"""A module-level dict of metric functions, made before autologging, is walked over.

facts:
  metric RandomForestRegressor r2_score_X_test = report["r2"]
  metric RandomForestRegressor mean_absolute_error_X_test = report["mae"]
  metric RandomForestRegressor median_absolute_error_X_test = report["medae"]
  no metric RandomForestRegressor *-2_X_test
"""

import mlflow
import mlflow.sklearn
from sklearn import metrics
from sklearn.datasets import make_regression
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import train_test_split

METRICS = {
    "r2": metrics.r2_score,
    "mae": metrics.mean_absolute_error,
    "medae": metrics.median_absolute_error,
}
mlflow.sklearn.autolog()
X, y = make_regression(200, 6, noise=10, random_state=6)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=6)
reg = RandomForestRegressor(n_estimators=15, random_state=6).fit(X_train, y_train)
y_hat = reg.predict(X_test)
report = {name: fn(y_test, y_hat) for name, fn in METRICS.items()}
