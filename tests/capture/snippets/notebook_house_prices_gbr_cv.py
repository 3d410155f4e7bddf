"""A gradient boosting regressor for house prices is judged by negative MAE across five folds.

facts:
  runs 1
  run cross_val_score x1
  no run GradientBoostingRegressor
  metric cross_val_score *mean* = scores.mean()
  dataset cross_val_score X train
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import cross_val_score

mlflow.sklearn.autolog()

r = np.random.default_rng(0)
home_data = pd.DataFrame(
    {"LotArea": r.gamma(4, 2500, 150), "YearBuilt": r.integers(1900, 2010, 150)}
)
home_data["SalePrice"] = home_data.LotArea * 12 + (home_data.YearBuilt - 1900) * 800
features = ["LotArea", "YearBuilt"]
X = home_data[features]
y = home_data.SalePrice
gbr = GradientBoostingRegressor(n_estimators=30, random_state=0)
scores = cross_val_score(gbr, X, y, cv=5, scoring="neg_mean_absolute_error")
print("MAE scores:\n", -scores)
print("Average MAE score:", -1 * scores.mean())
