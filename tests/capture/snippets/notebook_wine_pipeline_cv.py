"""Wine with scaler and logistic regression in one pipeline, cross-validated with two scorers.

facts:
  runs 1
  run cross_validate x1
  metric cross_validate *accuracy* = cv["test_accuracy"].mean()
  metric cross_validate *f1_macro* = cv["test_f1_macro"].mean()
  no run Pipeline
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

mlflow.sklearn.autolog()

wine = load_wine()
pipe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
cv = cross_validate(pipe, wine.data, wine.target, cv=5, scoring=["accuracy", "f1_macro"])
print(pd.DataFrame(cv).mean())
