"""Two yes-no columns give only four different rows; equal rows are no leak worth a word.

facts:
  run BernoulliNB x1
  no finding BernoulliNB leak
  no finding BernoulliNB duplicate
  metric BernoulliNB accuracy_score_X_test = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import BernoulliNB

mlflow.sklearn.autolog()
rng = np.random.default_rng(0)
survey = pd.DataFrame({"smokes": rng.integers(0, 2, 200), "sports": rng.integers(0, 2, 200)})
ill = (survey.smokes & (rng.random(200) < 0.7)).astype(int)
X_train, X_test, y_train, y_test = train_test_split(survey, ill, random_state=0)
acc = accuracy_score(y_test, BernoulliNB().fit(X_train, y_train).predict(X_test))
