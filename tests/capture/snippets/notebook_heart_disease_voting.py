"""Three models vote on heart disease; only the vote is fitted and recorded.

facts:
  runs 1
  run VotingClassifier x1
  no run LogisticRegression
  metric VotingClassifier accuracy_score_X_test = acc
  param VotingClassifier voting = "soft"
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()

rng = np.random.default_rng(303)
heart = pd.DataFrame({"trestbps": rng.normal(130, 17, 303), "chol": rng.normal(246, 51, 303)})
heart["thalach"] = rng.normal(150, 22, 303)
target = ((heart.chol - heart.thalach + rng.normal(0, 40, 303)) > 95).astype(int)
X_train, X_test, y_train, y_test = train_test_split(heart, target, random_state=30)
clf1 = LogisticRegression(max_iter=3000)
clf2 = RandomForestClassifier(n_estimators=20, random_state=1)
clf3 = GaussianNB()
eclf = VotingClassifier([("lr", clf1), ("rf", clf2), ("gnb", clf3)], voting="soft")
eclf = eclf.fit(X_train, y_train)
acc = accuracy_score(y_test, eclf.predict(X_test))
print(acc)
