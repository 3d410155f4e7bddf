"""The training deviance of every stage is in train_score_ and is kept as a curve.

facts:
  run GradientBoostingRegressor x1
  history GradientBoostingRegressor *train_score* 20 = list(gbr.train_score_)
  metric GradientBoostingRegressor training_r2_score
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor

mlflow.sklearn.autolog()
X, y = load_diabetes(return_X_y=True)
gbr = GradientBoostingRegressor(n_estimators=20, subsample=0.5, random_state=0)
gbr.fit(X, y)
