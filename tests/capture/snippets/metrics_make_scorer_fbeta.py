"""A scorer of make_scorer with an argument of its own is called once on the validation half.

facts:
  metric RandomForestClassifier fbeta_score*_X_valid = value
  no metric RandomForestClassifier fbeta_score-2*
  dataset RandomForestClassifier X_valid eval
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import train_test_split

ftwo = make_scorer(fbeta_score, beta=2)
mlflow.sklearn.autolog()
X, y = make_classification(300, weights=[0.7], random_state=2)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, stratify=y, random_state=2)
rf = RandomForestClassifier(n_estimators=25, max_depth=4, random_state=2)
rf.fit(X_train, y_train)
value = ftwo(rf, X_valid, y_valid)
