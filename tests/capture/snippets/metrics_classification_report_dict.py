"""A report as a dict: its numbers can be searched like other metrics.

facts:
  artifact SVC *classification_report*X_test*
  metric SVC *macro*f1* = report["macro avg"]["f1-score"]
  metric SVC *weighted*recall* = report["weighted avg"]["recall"]
  run SVC x1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

mlflow.sklearn.autolog()
wine = load_wine()
X_train, X_test, y_train, y_test = train_test_split(wine.data, wine.target, random_state=1)
svc = SVC(kernel="linear", C=0.1).fit(X_train, y_train)
report = classification_report(
    y_test, svc.predict(X_test), target_names=wine.target_names, output_dict=True
)
