"""A sparse matrix as training and test data.

facts:
  runs 1
  dataset SGDClassifier X_train train
  dataset SGDClassifier X_test eval
  metric SGDClassifier accuracy_score_X_test = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
from scipy import sparse
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X = sparse.random(300, 100, density=0.05, format="csr", random_state=0)
y = (np.asarray(X[:, :30].sum(axis=1)).ravel() > 0.7).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
sgd = SGDClassifier(alpha=1e-3, random_state=0).fit(X_train, y_train)
acc = accuracy_score(y_test, sgd.predict(X_test))
