"""SelectFromModel prepares the data of a second model; its inner forest is no run.

facts:
  no run RandomForestClassifier
  run GaussianNB x1
  metric GaussianNB accuracy_score_X_test_sel = acc
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=3)
smf = SelectFromModel(RandomForestClassifier(20, random_state=3)).fit(X_train, y_train)
X_train_sel, X_test_sel = smf.transform(X_train), smf.transform(X_test)
nb = GaussianNB().fit(X_train_sel, y_train)
acc = accuracy_score(y_test, nb.predict(X_test_sel))
