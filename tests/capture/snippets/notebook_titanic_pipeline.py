"""Titanic the modern way: a ColumnTransformer in a Pipeline, scored by model.score.

facts:
  runs 1
  run Pipeline x1
  no run ColumnTransformer
  no run RandomForestClassifier
  metric Pipeline Pipeline_score_X_test = test_score
  param Pipeline rf__n_estimators = 25
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

mlflow.sklearn.autolog()

rs = np.random.RandomState(3)
titanic = pd.DataFrame({"age": rs.normal(29, 14, 200), "fare": rs.gamma(1, 30, 200)})
titanic["embarked"] = rs.choice(list("SCQ"), 200)
titanic.loc[::9, "age"] = np.nan
survived = pd.Series((titanic.fare + rs.normal(0, 20, 200) > 25).astype(int), name="survived")
X_train, X_test, y_train, y_test = train_test_split(titanic, survived, random_state=3)

pre = ColumnTransformer(
    [
        ("num", SimpleImputer(strategy="median"), ["age", "fare"]),
        ("cat", OneHotEncoder(handle_unknown="ignore"), ["embarked"]),
    ]
)
clf = Pipeline([("pre", pre), ("rf", RandomForestClassifier(n_estimators=25, random_state=3))])
clf.fit(X_train, y_train)
test_score = clf.score(X_test, y_test)
print(f"model score: {test_score:.3f}")
