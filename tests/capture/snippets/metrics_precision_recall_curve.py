"""The threshold with the best F1 is taken from the curve and used for a last metric.

facts:
  artifact AdaBoostClassifier *precision_recall_curve*X_val*
  metric AdaBoostClassifier f1_score_X_val = best_f1
  no metric AdaBoostClassifier precision_recall_curve_X_val
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import AdaBoostClassifier
from sklearn.metrics import f1_score, precision_recall_curve
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(400, weights=[0.75], flip_y=0.05, random_state=18)
X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, random_state=18)
ada = AdaBoostClassifier(n_estimators=25, random_state=18).fit(X_train, y_train)
proba = ada.predict_proba(X_val)[:, 1]
precision, recall, cuts = precision_recall_curve(y_val, proba)
f1s = 2 * precision * recall / (precision + recall + 1e-12)
cut = cuts[np.argmax(f1s[:-1])]
best_f1 = f1_score(y_val, (proba >= cut).astype(int))
