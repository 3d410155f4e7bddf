"""Two models give out-of-fold predictions, and their plain average belongs to neither alone.

facts:
  run cross_val_predict x2
  metric cross_val_predict roc_auc_score* = auc_lr
  metric cross_val_predict roc_auc_score* = auc_rf
  unattributed roc_auc_score* = auc_blend
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

mlflow.sklearn.autolog()

X, y = make_classification(n_samples=300, n_informative=4, flip_y=0.1, random_state=17)
lr = LogisticRegression(max_iter=500)
rf = RandomForestClassifier(n_estimators=20, random_state=17)
oof_lr = cross_val_predict(lr, X, y, cv=5, method="predict_proba")[:, 1]
oof_rf = cross_val_predict(rf, X, y, cv=5, method="predict_proba")[:, 1]
auc_lr = roc_auc_score(y, oof_lr)
auc_rf = roc_auc_score(y, oof_rf)
auc_blend = roc_auc_score(y, (oof_lr + oof_rf) / 2)
print(auc_lr, auc_rf, auc_blend)
