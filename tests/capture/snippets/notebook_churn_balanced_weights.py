"""Churn is rare, so classes are balanced, and average precision is looked at besides the AUC.

facts:
  run LogisticRegression x1
  param LogisticRegression class_weight = "balanced"
  metric LogisticRegression roc_auc_score_X_test = roc
  metric LogisticRegression average_precision_score_X_test = ap
  artifact LogisticRegression *precision_recall_curve*X_test*
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(13)
n = 500
churn = pd.DataFrame({"tenure": rng.integers(1, 72, n), "MonthlyCharges": rng.uniform(20, 110, n)})
churn["Contract"] = rng.choice(["Month-to-month", "One year", "Two year"], n)
logit = -2 - 0.05 * churn.tenure + 0.02 * churn.MonthlyCharges
churn["Churn"] = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "Yes", "No")

y = (churn.pop("Churn") == "Yes").astype(int)
X = pd.get_dummies(churn, drop_first=True, dtype=float)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=13)
lr = LogisticRegression(class_weight="balanced", max_iter=2000).fit(X_train, y_train)
probs = lr.predict_proba(X_test)[:, 1]
roc = roc_auc_score(y_test, probs)
ap = average_precision_score(y_test, probs)
prec, rec, thr = precision_recall_curve(y_test, probs)
