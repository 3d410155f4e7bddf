"""Relevance is predicted for queries and judged by NDCG after a reshape.

facts:
  run GradientBoostingRegressor x1
  metric GradientBoostingRegressor ndcg_score_X_test = ndcg
  metric GradientBoostingRegressor dcg_score_X_test = dcg
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import dcg_score, ndcg_score

mlflow.sklearn.autolog()
rng = np.random.default_rng(50)
X = rng.normal(size=(400, 3))
relevance = np.clip(np.round(X[:, 0] + rng.normal(0, 0.4, 400) + 2), 0, 4)
X_train, X_test = X[:300], X[300:]
rank = GradientBoostingRegressor(n_estimators=20, random_state=5).fit(X_train, relevance[:300])
scores = rank.predict(X_test).reshape(10, 10)
truth = relevance[300:].reshape(10, 10)
ndcg = ndcg_score(truth, scores, k=5)
dcg = dcg_score(truth, scores)
