"""Hashed text stays sparse all the way; the vectorizer needs no fit and makes no run.

facts:
  runs 1
  run ComplementNB x1
  dataset ComplementNB X train
  metric ComplementNB ComplementNB_score_X_new = s
"""

import mlflow
import mlflow.sklearn
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.naive_bayes import ComplementNB

mlflow.sklearn.autolog()
hv = HashingVectorizer(n_features=256, alternate_sign=False)
X = hv.transform(["good soup", "bad soup", "very good bread", "bad, bad bread", "good tea"])
X_new = hv.transform(["good bread", "bad tea"])
cnb = ComplementNB().fit(X, [1, 0, 1, 0, 1])
s = cnb.score(X_new, [1, 0])
