"""One against the rest, with a binary model for each class that makes no run.

facts:
  runs 1
  run OneVsRestClassifier x1
  no run SVC
  metric OneVsRestClassifier roc_auc_score_X_test = auc
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import label_binarize
from sklearn.svm import SVC

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
Y = label_binarize(y, classes=[0, 1, 2])
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.5, random_state=0)
classifier = OneVsRestClassifier(SVC(kernel="linear", random_state=0))
y_score = classifier.fit(X_train, Y_train).decision_function(X_test)
auc = roc_auc_score(Y_test, y_score, average="macro")
