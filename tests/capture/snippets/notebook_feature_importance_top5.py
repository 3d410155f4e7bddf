"""The most important features are picked by hand, and a second forest uses only these.

facts:
  runs 2
  run RandomForestClassifier x2
  metric RandomForestClassifier accuracy_score_X_test = acc_all
  metric RandomForestClassifier accuracy_score_X_test_top = acc_top
  dataset RandomForestClassifier X_train_top train
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

data = load_wine(as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(data.data, data.target, random_state=10)
rfc = RandomForestClassifier(n_estimators=30, random_state=10).fit(X_train, y_train)
acc_all = accuracy_score(y_test, rfc.predict(X_test))
importances = pd.Series(rfc.feature_importances_, X_train.columns).sort_values(ascending=False)
top = list(importances.index[:5])
X_train_top, X_test_top = X_train[top], X_test[top]
rfc = RandomForestClassifier(n_estimators=30, random_state=10).fit(X_train_top, y_train)
acc_top = accuracy_score(y_test, rfc.predict(X_test_top))
print(acc_all, acc_top)
