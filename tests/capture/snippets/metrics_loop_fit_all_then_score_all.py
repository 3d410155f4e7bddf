"""First all models are fitted, in a second loop all predict, in a third all are scored.

facts:
  runs 3
  metric Ridge mean_absolute_error_X_test = maes["ridge"]
  metric Lasso mean_absolute_error_X_test = maes["lasso"]
  metric ElasticNet mean_absolute_error_X_test = maes["enet"]
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_regression
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_regression(200, 10, n_informative=4, noise=20, random_state=7)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=7)
models = {"ridge": Ridge(), "lasso": Lasso(alpha=0.5), "enet": ElasticNet(alpha=0.5)}
for m in models.values():
    m.fit(X_train, y_train)
preds = {k: m.predict(X_test) for k, m in models.items()}
maes = {k: mean_absolute_error(y_test, p) for k, p in preds.items()}
