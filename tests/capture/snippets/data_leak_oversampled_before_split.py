"""The rare class is oversampled before the split, a classic: copies end up on both sides.

facts:
  run RandomForestClassifier x1
  finding RandomForestClassifier duplicate
  metric RandomForestClassifier f1_score_X_test = f1
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.utils import resample

mlflow.sklearn.autolog()
X, y = make_classification(300, weights=[0.9], flip_y=0.1, random_state=5)
rare = resample(X[y == 1], n_samples=(y == 0).sum(), random_state=5)
X_all = np.vstack([X[y == 0], rare])
y_all = np.r_[np.zeros((y == 0).sum()), np.ones(len(rare))]
X_train, X_test, y_train, y_test = train_test_split(X_all, y_all, random_state=5)
rf = RandomForestClassifier(20, random_state=5).fit(X_train, y_train)
f1 = f1_score(y_test, rf.predict(X_test))
