"""Groups are handed over but the splitter pays no heed to them: the same patient is on both sides.

facts:
  run cross_validate x1
  finding cross_validate overlap
  metric cross_validate *score* = res["test_score"].mean()
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import KFold, cross_validate

mlflow.sklearn.autolog()
rng = np.random.default_rng(19)
patients = np.repeat(np.arange(25), 6)
X = rng.normal(size=(150, 2)) + patients[:, None]
y = np.sin(patients) + rng.normal(0, 0.1, 150)
forest = RandomForestRegressor(10, random_state=0)
folds = KFold(5, shuffle=True, random_state=0)
res = cross_validate(forest, X, y, groups=patients, cv=folds)
