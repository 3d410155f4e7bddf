"""Pima-like diabetes data with zeros for missing values, gradient boosting and a printed report.

facts:
  run GradientBoostingClassifier x1
  metric GradientBoostingClassifier recall_score_X_test = recall_score(y_test, y_pred)
  artifact GradientBoostingClassifier *classification_report*X_test*
  metric GradientBoostingClassifier training_f1_score
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import classification_report, recall_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(768)
pima = pd.DataFrame({"Glucose": rng.normal(120, 30, 350), "BMI": rng.normal(32, 7, 350)})
pima.loc[rng.random(350) < 0.05, "BMI"] = 0
pima["Outcome"] = (pima.Glucose + rng.normal(0, 20, 350) > 135).astype(int)
pima["BMI"] = pima["BMI"].replace(0, np.nan)
pima["BMI"] = pima["BMI"].fillna(pima["BMI"].mean())

X = pima[["Glucose", "BMI"]].values
y = pima["Outcome"].values
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1 / 3, random_state=42)
gb = GradientBoostingClassifier(n_estimators=30, random_state=42).fit(X_train, y_train)
y_pred = gb.predict(X_test)
print(classification_report(y_test, y_pred))
print(recall_score(y_test, y_pred))
