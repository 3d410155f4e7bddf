"""A multilabel tree with Hamming loss, Jaccard and a matrix for each label.

facts:
  metric KNeighborsClassifier hamming_loss_X_test = ham
  metric KNeighborsClassifier jaccard_score_X_test = jac
  artifact KNeighborsClassifier *multilabel_confusion_matrix*X_test*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import hamming_loss, jaccard_score, multilabel_confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
X, Y = make_multilabel_classification(200, n_labels=2, random_state=4)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=4)
knn = KNeighborsClassifier().fit(X_train, Y_train)
pred = knn.predict(X_test)
ham = hamming_loss(Y_test, pred)
jac = jaccard_score(Y_test, pred, average="samples", zero_division=0)
matrices = multilabel_confusion_matrix(Y_test, pred)
