"""A cell is run again with another parameter: same names, a second run, nothing mixed.

facts:
  runs 2
  run DecisionTreeClassifier x2
  metric DecisionTreeClassifier accuracy_score_X_test = first
  metric DecisionTreeClassifier accuracy_score_X_test = second
  no metric DecisionTreeClassifier accuracy_score-2_X_test
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=1)

# In [4]:
clf = DecisionTreeClassifier(max_depth=1, random_state=0)
clf.fit(X_train, y_train)
y_pred = clf.predict(X_test)
first = accuracy_score(y_test, y_pred)

# In [5]: deeper
clf = DecisionTreeClassifier(max_depth=3, random_state=0)
clf.fit(X_train, y_train)
y_pred = clf.predict(X_test)
second = accuracy_score(y_test, y_pred)
