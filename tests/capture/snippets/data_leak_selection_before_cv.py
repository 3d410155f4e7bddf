"""Features are chosen with all targets before the cross-validation: noise looks learnable.

facts:
  run cross_val_score x1
  finding cross_val_score leak
  metric cross_val_score *mean* = scores.mean()
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

mlflow.sklearn.autolog()
rng = np.random.RandomState(42)
X = rng.standard_normal((100, 1000))
y = rng.choice(2, 100)
X_selected = SelectKBest(f_classif, k=20).fit_transform(X, y)
scores = cross_val_score(LogisticRegression(max_iter=300), X_selected, y, cv=5)
print("too good to be true:", scores.mean())
