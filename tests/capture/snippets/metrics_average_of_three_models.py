"""Three probabilities are averaged; the blend is nobody's, the single ones are somebody's.

facts:
  runs 3
  metric GaussianNB log_loss_X_test = single["GaussianNB"]
  unattributed log_loss* = blended
  no metric GaussianNB log_loss-2*
  no metric LogisticRegression log_loss-2*
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()
X, y = make_classification(300, n_classes=3, n_informative=5, random_state=27)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=27)
trio = [GaussianNB(), LogisticRegression(max_iter=500), ExtraTreesClassifier(30, random_state=0)]
probs = [m.fit(X_train, y_train).predict_proba(X_test) for m in trio]
single = {type(m).__name__: log_loss(y_test, probs[i]) for i, m in enumerate(trio)}
blended = log_loss(y_test, np.mean(probs, axis=0))
