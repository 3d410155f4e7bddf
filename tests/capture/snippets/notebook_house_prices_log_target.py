"""The price is learnt as its logarithm and the predictions are taken back by expm1 before scoring.

facts:
  run Ridge x1
  param Ridge alpha = 3.0
  metric Ridge root_mean_squared_error_X_val = rmse
  metric Ridge mean_squared_log_error_X_val = msle
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_log_error, root_mean_squared_error
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(2024)
train = pd.DataFrame(
    {"GrLivArea": rng.normal(7.3, 0.3, 300), "OverallQual": rng.integers(1, 11, 300)}
)
SalePrice = np.exp(9 + 0.3 * train.GrLivArea + 0.1 * train.OverallQual + rng.normal(0, 0.1, 300))
X_tr, X_val, y_tr, y_val = train_test_split(train, SalePrice, test_size=0.2, random_state=1)

ridge = Ridge(alpha=3.0)
ridge.fit(X_tr, np.log1p(y_tr))
preds = np.expm1(ridge.predict(X_val))
rmse = root_mean_squared_error(y_val, preds)
msle = mean_squared_log_error(y_val, preds)
print(f"RMSE {rmse:,.0f}  MSLE {msle:.4f}")
