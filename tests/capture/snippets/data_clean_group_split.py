"""GroupShuffleSplit keeps each patient on one side: nothing is found.

facts:
  run LogisticRegression x1
  no finding LogisticRegression overlap
  no finding LogisticRegression duplicate
  metric LogisticRegression accuracy_score_X_test = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GroupShuffleSplit

mlflow.sklearn.autolog()
rng = np.random.default_rng(321)
groups = np.repeat(np.arange(25), 8)
X = rng.normal(size=(200, 3))
y = (X[:, 0] + rng.normal(0, 0.5, 200) > 0).astype(int)
gss = GroupShuffleSplit(n_splits=1, test_size=0.3, random_state=7)
train_idx, test_idx = next(gss.split(X, y, groups))
X_train, X_test = X[train_idx], X[test_idx]
y_train, y_test = y[train_idx], y[test_idx]
lr = LogisticRegression().fit(X_train, y_train)
acc = accuracy_score(y_test, lr.predict(X_test))
