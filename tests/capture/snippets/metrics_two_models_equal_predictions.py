"""Two models predict the same; each metric still goes to the model whose predictions were given.

facts:
  runs 2
  metric DecisionTreeClassifier accuracy_score_X_test = acc_tree
  metric GaussianNB recall_score_X_test = rec_nb
  no metric DecisionTreeClassifier recall_score*
  no metric GaussianNB accuracy_score*
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.metrics import accuracy_score, recall_score
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()

rng = np.random.RandomState(1)
X_train = np.r_[rng.normal(-5, 1, (40, 2)), rng.normal(5, 1, (40, 2))]
y_train = np.repeat([0, 1], 40)
X_test = np.r_[rng.normal(-5, 1, (15, 2)), rng.normal(5, 1, (15, 2))]
y_test = np.repeat([0, 1], 15)

tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X_train, y_train)
nb = GaussianNB().fit(X_train, y_train)
pred_tree = tree.predict(X_test)
pred_nb = nb.predict(X_test)
assert (pred_tree == pred_nb).all()

acc_tree = accuracy_score(y_test, pred_tree)
rec_nb = recall_score(y_test, pred_nb)
