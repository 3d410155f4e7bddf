"""The search object is made before autologging is on, and fitted afterwards.

facts:
  runs 1
  children GridSearchCV 2
  metric GridSearchCV accuracy_score_X_test = acc
"""

import mlflow
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.naive_bayes import GaussianNB

tuner = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-2]}, cv=3)
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
mlflow.sklearn.autolog()
tuner.fit(X_train, y_train)
acc = accuracy_score(y_test, tuner.predict(X_test))
