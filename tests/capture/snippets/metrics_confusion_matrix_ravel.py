"""The four cells of a confusion matrix are unpacked; the matrix is kept as a file.

facts:
  artifact LogisticRegression *confusion_matrix*X_test*
  no metric LogisticRegression confusion_matrix_X_test
  metric LogisticRegression accuracy_score_X_test = (tp + tn) / len(y_test)
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(250, flip_y=0.2, random_state=15)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=15)
clf = LogisticRegression(max_iter=300).fit(X_train, y_train)
y_pred = clf.predict(X_test)
tn, fp, fn, tp = confusion_matrix(y_test, y_pred).ravel()
sensitivity, specificity = tp / (tp + fn), tn / (tn + fp)
print(sensitivity, specificity, accuracy_score(y_test, y_pred))
