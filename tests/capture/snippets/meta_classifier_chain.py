"""A chain of classifiers for dependent labels.

facts:
  runs 1
  run ClassifierChain x1
  no run LogisticRegression
  metric ClassifierChain jaccard_score_X_test = jac
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_multilabel_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import jaccard_score
from sklearn.multioutput import ClassifierChain

mlflow.sklearn.autolog()
X, Y = make_multilabel_classification(200, n_classes=3, allow_unlabeled=False, random_state=9)
X_train, X_test, Y_train, Y_test = X[:140], X[140:], Y[:140], Y[140:]
chain = ClassifierChain(LogisticRegression(max_iter=500), order="random", random_state=0)
chain.fit(X_train, Y_train)
jac = jaccard_score(Y_test, chain.predict(X_test) >= 0.5, average="samples", zero_division=0)
