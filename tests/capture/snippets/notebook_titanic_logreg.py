"""A Titanic-like frame is filled, encoded and split, and a logistic regression is scored twice.

facts:
  run LogisticRegression x1
  runs 1
  metric LogisticRegression accuracy_score_X_test = acc
  metric LogisticRegression f1_score_X_test = f1_score(y_test, y_pred)
  dataset LogisticRegression X_train train
  dataset LogisticRegression X_test eval
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(42)
df = pd.DataFrame({"Pclass": rng.integers(1, 4, 300), "Age": rng.normal(30, 12, 300)})
df["Sex"] = rng.choice(["male", "female"], 300)
df.loc[rng.choice(300, 40, replace=False), "Age"] = np.nan
df["Survived"] = ((df["Sex"] == "female") ^ (rng.random(300) < 0.2)).astype(int)

df["Age"] = df["Age"].fillna(df["Age"].median())
df["Sex"] = df["Sex"].map({"male": 0, "female": 1})
X = df.drop("Survived", axis=1)
y = df["Survived"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

model = LogisticRegression(max_iter=500)
model.fit(X_train, y_train)
y_pred = model.predict(X_test)
acc = accuracy_score(y_test, y_pred)
print("Accuracy:", acc, "F1:", f1_score(y_test, y_pred))
