"""The fold models are returned and one of them predicts afterwards.

facts:
  run cross_validate x1
  no run Ridge
  metric cross_validate *score* = out["test_score"].mean()
  param cross_validate *alpha* = 2.5
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_validate

mlflow.sklearn.autolog()
diabetes = load_diabetes()
X, y = diabetes.data[:150], diabetes.target[:150]
out = cross_validate(Ridge(alpha=2.5), X, y, cv=3, return_estimator=True)
for est in out["estimator"]:
    print(est.coef_[:2])
coefs = [e.predict(X[:3]) for e in out["estimator"]]
