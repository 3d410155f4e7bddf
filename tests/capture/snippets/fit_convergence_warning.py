"""Too few iterations on unscaled data: the warning is a finding; the scaled fit has none.

facts:
  run LogisticRegression x1
  finding LogisticRegression ConvergenceWarning
  no finding Pipeline ConvergenceWarning
  runs 2
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
raw = LogisticRegression(max_iter=15).fit(X, y)
scaled = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, y)
print(raw.n_iter_, scaled[-1].n_iter_)
