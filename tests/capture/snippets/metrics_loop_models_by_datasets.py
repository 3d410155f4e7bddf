"""Every model on every data set, in two loops; each pair is a run with its own metric.

facts:
  runs 6
  run GaussianNB x3
  run DecisionTreeClassifier x3
  metric GaussianNB accuracy_score_X_test = table["moons", "GaussianNB"]
  metric DecisionTreeClassifier accuracy_score_X_test = table["circles", "DecisionTreeClassifier"]
  no metric GaussianNB accuracy_score-2*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_circles, make_classification, make_moons
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
datasets = {
    "moons": make_moons(120, noise=0.3, random_state=0),
    "circles": make_circles(120, noise=0.2, factor=0.5, random_state=1),
    "linear": make_classification(120, n_features=2, n_redundant=0, random_state=1),
}
table = {}
for name, (X, y) in datasets.items():
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)
    for clf in (GaussianNB(), DecisionTreeClassifier(max_depth=5, random_state=0)):
        clf.fit(X_train, y_train)
        acc = accuracy_score(y_test, clf.predict(X_test))
        table[name, type(clf).__name__] = acc
