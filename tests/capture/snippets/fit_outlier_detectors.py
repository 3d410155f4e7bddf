"""Two outlier detectors judged by known outliers; novelty labels are -1 and 1.

facts:
  runs 2
  metric IsolationForest roc_auc_score_X = auc
  metric IsolationForest f1_score_X = f1_forest
  metric LocalOutlierFactor f1_score_* = f1_lof
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

mlflow.sklearn.autolog()
rng = np.random.RandomState(42)
X = np.r_[0.8 * rng.randn(150, 2), rng.uniform(-4, 4, (15, 2))]
truth = np.r_[np.ones(150), -np.ones(15)]
iso = IsolationForest(n_estimators=30, contamination=0.1, random_state=42).fit(X)
auc = roc_auc_score(truth, iso.decision_function(X))
f1_forest = f1_score(truth, iso.predict(X), pos_label=-1)
lof = LocalOutlierFactor(n_neighbors=15, contamination=0.1)
f1_lof = f1_score(truth, lof.fit_predict(X), pos_label=-1)
