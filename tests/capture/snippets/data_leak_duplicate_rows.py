"""Rows were doubled before the split, so the test half holds rows of the training half.

facts:
  run KNeighborsClassifier x1
  finding KNeighborsClassifier duplicate
  metric KNeighborsClassifier accuracy_score_X_test = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
rng = np.random.default_rng(88)
df = pd.DataFrame(rng.normal(size=(150, 4)), columns=list("abcd"))
df["label"] = rng.integers(0, 2, 150)
df = pd.concat([df, df], ignore_index=True)  # two exports, appended
X, y = df[list("abcd")], df["label"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
knn = KNeighborsClassifier(n_neighbors=1).fit(X_train, y_train)
acc = accuracy_score(y_test, knn.predict(X_test))
