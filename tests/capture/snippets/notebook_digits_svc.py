"""Handwritten digits by a support vector machine, with report and confusion matrix.

facts:
  run SVC x1
  param SVC gamma = 0.001
  artifact SVC *confusion_matrix*X_test*
  artifact SVC *classification_report*X_test*
  dataset SVC X_test eval
"""

import mlflow
import mlflow.sklearn
from sklearn import datasets, metrics, svm
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

digits = datasets.load_digits()
n_samples = len(digits.images)
data = digits.images.reshape((n_samples, -1))
clf = svm.SVC(gamma=0.001)
X_train, X_test, y_train, y_test = train_test_split(
    data, digits.target, test_size=0.5, shuffle=False
)
clf.fit(X_train, y_train)
predicted = clf.predict(X_test)
print(metrics.classification_report(y_test, predicted))
cm = metrics.confusion_matrix(y_test, predicted)
print(cm.shape)
