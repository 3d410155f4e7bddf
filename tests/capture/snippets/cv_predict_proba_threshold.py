"""Out-of-fold probabilities are thresholded before scoring.

facts:
  run cross_val_predict x1
  metric cross_val_predict recall_score* = rec
  metric cross_val_predict roc_auc_score* = auc
  no run LogisticRegression
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score, roc_auc_score
from sklearn.model_selection import cross_val_predict

mlflow.sklearn.autolog()
X, y = make_classification(350, weights=[0.85], random_state=64)
lr = LogisticRegression(class_weight="balanced", max_iter=300)
proba = cross_val_predict(lr, X, y, cv=5, method="predict_proba")
rec = recall_score(y, (proba[:, 1] > 0.6).astype(int))
auc = roc_auc_score(y, proba[:, 1])
