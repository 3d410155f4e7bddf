"""The run tells how its data came about: by train_test_split, with its size and seed.

facts:
  run RandomForestClassifier x1
  tag RandomForestClassifier *split*
  dataset RandomForestClassifier X_train train
  no finding RandomForestClassifier leak
  no finding RandomForestClassifier duplicate
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=2)
rf = RandomForestClassifier(20, random_state=2).fit(X_train, y_train)
print(accuracy_score(y_test, rf.predict(X_test)))
