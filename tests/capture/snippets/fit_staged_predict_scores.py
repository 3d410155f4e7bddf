"""Test accuracy after every stage by staged_predict, as in the documentation's plots.

facts:
  run GradientBoostingClassifier x1
  history GradientBoostingClassifier accuracy_score*_X_test 10 = staged
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_hastie_10_2
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score

mlflow.sklearn.autolog()
X, y = make_hastie_10_2(n_samples=600, random_state=1)
X_train, X_test, y_train, y_test = X[:400], X[400:], y[:400], y[400:]
gb = GradientBoostingClassifier(n_estimators=10, max_depth=2, random_state=1)
gb.fit(X_train, y_train)
staged = [accuracy_score(y_test, p) for p in gb.staged_predict(X_test)]
