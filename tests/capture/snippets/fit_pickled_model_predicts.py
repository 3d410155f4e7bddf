"""The model goes through pickle and comes back; what it predicts is still of that fit.

facts:
  runs 1
  run LogisticRegression x1
  metric LogisticRegression accuracy_score_X_test = acc
"""

import pickle

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / X.max(axis=0), y, random_state=77)
fitted = LogisticRegression(max_iter=300).fit(X_train, y_train)
blob = pickle.dumps(fitted)
del fitted
acc = accuracy_score(y_test, pickle.loads(blob).predict(X_test))
