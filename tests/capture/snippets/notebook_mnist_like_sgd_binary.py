"""The "is it a five" classifier of a well-known book, with scores from decision_function.

facts:
  run SGDClassifier x1
  run cross_val_predict x2
  metric cross_val_predict roc_auc_score* = auc
  artifact cross_val_predict *confusion_matrix*
  metric cross_val_predict precision_score* = precision
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import confusion_matrix, precision_score, roc_auc_score
from sklearn.model_selection import cross_val_predict

mlflow.sklearn.autolog()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = X[:1200], X[1200:], y[:1200], y[1200:]
y_train_5 = y_train == 5
y_test_5 = y_test == 5

sgd_clf = SGDClassifier(random_state=42)
sgd_clf.fit(X_train, y_train_5)
some_digit = X_train[0]
print(sgd_clf.predict([some_digit]))

y_train_pred = cross_val_predict(sgd_clf, X_train, y_train_5, cv=3)
print(confusion_matrix(y_train_5, y_train_pred))
precision = precision_score(y_train_5, y_train_pred)
y_scores = cross_val_predict(sgd_clf, X_train, y_train_5, cv=3, method="decision_function")
auc = roc_auc_score(y_train_5, y_scores)
