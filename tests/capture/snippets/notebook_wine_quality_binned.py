"""Quality is binned to good and bad; the name model is used again for a second classifier.

facts:
  runs 2
  metric SGDClassifier f1_score_X_test = f1_sgd
  metric ExtraTreesClassifier f1_score_X_test = f1_et
  artifact ExtraTreesClassifier *confusion_matrix*X_test*
  no metric SGDClassifier f1_score-2*
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, StandardScaler

mlflow.sklearn.autolog()

rng = np.random.default_rng(77)
wine = pd.DataFrame({"alcohol": rng.normal(10, 1, 300), "pH": rng.normal(3.3, 0.1, 300)})
wine["quality"] = np.clip((wine.alcohol + rng.normal(0, 0.5, 300) - 4).round(), 3, 8)
wine["quality"] = pd.cut(wine["quality"], bins=(2, 6.5, 8), labels=["bad", "good"]).astype(str)
wine["quality"] = LabelEncoder().fit_transform(wine["quality"])
X, y = wine.drop("quality", axis=1), wine["quality"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
sc = StandardScaler().fit(X_train)
X_train, X_test = sc.transform(X_train), sc.transform(X_test)

model = SGDClassifier(random_state=0).fit(X_train, y_train)
pred = model.predict(X_test)
f1_sgd = f1_score(y_test, pred)
model = ExtraTreesClassifier(n_estimators=20, random_state=0).fit(X_train, y_train)
pred = model.predict(X_test)
f1_et = f1_score(y_test, pred)
print(confusion_matrix(y_test, pred))
