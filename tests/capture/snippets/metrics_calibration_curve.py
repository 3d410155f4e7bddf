"""A calibration curve and the Brier score are of one model and one data set.

facts:
  artifact LogisticRegression *calibration_curve*X_test*
  metric LogisticRegression brier_score_loss_X_test = brier
  run LogisticRegression x1
"""

import mlflow
import mlflow.sklearn
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = make_classification(600, n_informative=3, random_state=23)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=23)
lr = LogisticRegression(C=0.5, max_iter=500).fit(X_train, y_train)
p1 = lr.predict_proba(X_test)[:, 1]
observed, expected = calibration_curve(y_test, p1, n_bins=8, strategy="quantile")
brier = brier_score_loss(y_test, p1)
