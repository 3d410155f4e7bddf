"""Credit defaults; the bank's Gini is twice the AUC minus one, and the AUC is what is recorded.

facts:
  run HistGradientBoostingClassifier x1
  metric HistGradientBoostingClassifier roc_auc_score_X_train = (gini_train + 1) / 2
  metric HistGradientBoostingClassifier roc_auc_score-2_X_oot = (gini_oot + 1) / 2
  dataset HistGradientBoostingClassifier X_oot eval
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

mlflow.sklearn.autolog()

rng = np.random.default_rng(99)
n = 800
loans = pd.DataFrame({"income": rng.lognormal(10, 0.5, n), "dti": rng.beta(2, 5, n)})
loans["issue_month"] = rng.integers(1, 13, n)
loans["default"] = rng.binomial(1, np.clip(loans.dti, 0.02, 0.9))
dev, oot = loans[loans.issue_month <= 9], loans[loans.issue_month > 9]
X_train, y_train = dev[["income", "dti"]], dev["default"]
X_oot, y_oot = oot[["income", "dti"]], oot["default"]

hgb = HistGradientBoostingClassifier(max_iter=25, random_state=1).fit(X_train, y_train)
gini_train = 2 * roc_auc_score(y_train, hgb.predict_proba(X_train)[:, 1]) - 1
gini_oot = 2 * roc_auc_score(y_oot, hgb.predict_proba(X_oot)[:, 1]) - 1
print(f"Gini train {gini_train:.3f}, out of time {gini_oot:.3f}")
