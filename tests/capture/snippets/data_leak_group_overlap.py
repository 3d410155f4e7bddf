"""Measurements of one patient are split at random, and the groups that were split along show it.

facts:
  run GradientBoostingClassifier x1
  finding GradientBoostingClassifier overlap
  tag GradientBoostingClassifier *split*
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
rng = np.random.default_rng(123)
groups = np.repeat(np.arange(20), 10)
X = rng.normal(size=(200, 3)) + groups[:, None]
y = (groups % 2).astype(int)
X_train, X_test, y_train, y_test, groups_train, groups_test = train_test_split(
    X, y, groups, random_state=0
)
gb = GradientBoostingClassifier(n_estimators=10, random_state=0).fit(X_train, y_train)
print(accuracy_score(y_test, gb.predict(X_test)))
