"""Targets are species names as text, and the confusion matrix gets a labels argument.

facts:
  run KNeighborsClassifier x1
  artifact KNeighborsClassifier *confusion_matrix*X_test*
  metric KNeighborsClassifier accuracy_score_X_test = acc
  metric KNeighborsClassifier f1_score_X_test = f1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()

iris = load_iris(as_frame=True)
df = iris.frame
df["species"] = df["target"].map(dict(enumerate(iris.target_names))).astype(str)
X = df.drop(columns=["target", "species"])
y = df["species"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=5)
knn = KNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
y_pred = knn.predict(X_test)
acc = accuracy_score(y_test, y_pred)
f1 = f1_score(y_test, y_pred, average="weighted")
cm = confusion_matrix(y_test, y_pred, labels=["setosa", "versicolor", "virginica"])
