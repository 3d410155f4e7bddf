"""A ColumnTransformer fitted alone is one run, and listed in the run of the model after it.

facts:
  runs 2
  run ColumnTransformer x1
  no run OneHotEncoder
  no run StandardScaler
  param ColumnTransformer onehotencoder__handle_unknown = "error"
  metric ColumnTransformer n_features_out = 3.0
  dataset ColumnTransformer df[:80] train
  artifact RidgeClassifier *preparation*
  metric RidgeClassifier accuracy_score_* = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

mlflow.sklearn.autolog()
rng = np.random.default_rng(15)
df = pd.DataFrame({"city": rng.choice(["Oslo", "Rome"], 120), "temp": rng.normal(15, 8, 120)})
warm = (df["temp"] + 5 * (df["city"] == "Rome") > 17).astype(int)
ct = make_column_transformer((OneHotEncoder(), ["city"]), (StandardScaler(), ["temp"]))
train = ct.fit_transform(df[:80])
clf = RidgeClassifier().fit(train, warm[:80])
acc = accuracy_score(warm[80:], clf.predict(ct.transform(df[80:])))
