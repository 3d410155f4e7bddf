"""One function gives precision, recall and F1 as a tuple; the three are kept.

facts:
  metric DecisionTreeClassifier *precision*_X_test* = p
  metric DecisionTreeClassifier *recall*_X_test* = r
  metric DecisionTreeClassifier *fscore*_X_test* = f
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.metrics import precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=6)
dt = DecisionTreeClassifier(max_depth=8, random_state=6).fit(X_train, y_train)
p, r, f, _ = precision_recall_fscore_support(y_test, dt.predict(X_test), average="macro")
