"""Permutation importance scores a model hundreds of times: one record and no metric for each.

facts:
  run RandomForestClassifier x1
  artifact RandomForestClassifier *permutation_importance*
  no metric RandomForestClassifier *score-2*
  metric RandomForestClassifier RandomForestClassifier_score_X_val = base
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_wine(return_X_y=True, as_frame=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
rf = RandomForestClassifier(20, random_state=0).fit(X_train, y_train)
base = rf.score(X_val, y_val)
r = permutation_importance(rf, X_val, y_val, n_repeats=3, random_state=0)
for i in r.importances_mean.argsort()[::-1][:3]:
    print(X.columns[i], round(r.importances_mean[i], 3))
