"""Click rates: are the probabilities right? Brier score and calibration curve before and after.

facts:
  runs 2
  metric GaussianNB brier_score_loss_X_test = before
  metric CalibratedClassifierCV brier_score_loss_X_test = after
  artifact GaussianNB *calibration_curve*X_test*
"""

import mlflow
import mlflow.sklearn
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.datasets import make_classification
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()

X, y = make_classification(n_samples=500, n_redundant=10, n_informative=2, random_state=42)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)

clf = GaussianNB()
clf.fit(X_train, y_train)
prob_pos_clf = clf.predict_proba(X_test)[:, 1]
before = brier_score_loss(y_test, prob_pos_clf)
prob_true, prob_pred = calibration_curve(y_test, prob_pos_clf, n_bins=5)

clf_isotonic = CalibratedClassifierCV(GaussianNB(), cv=2, method="isotonic")
clf_isotonic.fit(X_train, y_train)
prob_pos_isotonic = clf_isotonic.predict_proba(X_test)[:, 1]
after = brier_score_loss(y_test, prob_pos_isotonic)
print(before, after)
