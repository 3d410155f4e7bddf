"""Position and salary with a polynomial pipeline for degrees one to three.

facts:
  run Pipeline x3
  metric Pipeline r2_score_X = r2s[1]
  metric Pipeline r2_score_X = r2s[3]
  no run PolynomialFeatures
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

mlflow.sklearn.autolog()

X = np.arange(1, 11).reshape(-1, 1)
y = np.array([45, 50, 60, 80, 110, 150, 200, 300, 500, 1000]) * 1000.0

r2s = {}
for degree in (1, 2, 3):
    poly = make_pipeline(PolynomialFeatures(degree), LinearRegression())
    poly.fit(X, y)
    r2s[degree] = r2_score(y, poly.predict(X))
    print(degree, r2s[degree], poly.predict([[6.5]]))
