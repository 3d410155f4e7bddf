"""The scaler is fitted by hand on the training half; it is no run of its own but is listed.

facts:
  runs 1
  no run StandardScaler
  artifact SVC *preparation*
  metric SVC accuracy_score_X_test_s = acc
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

mlflow.sklearn.autolog()

rng = np.random.default_rng(5)
df = pd.DataFrame(rng.normal(size=(180, 3)), columns=["Age", "Fare", "Family"])
df["Survived"] = (df.Age + df.Fare > 0).astype(int)
X_train, X_test, y_train, y_test = train_test_split(
    df.iloc[:, :3], df.Survived, test_size=0.3, random_state=0
)

sc = StandardScaler()
X_train_s = sc.fit_transform(X_train)
X_test_s = sc.transform(X_test)
svc = SVC(C=2.0, gamma="auto")
svc.fit(X_train_s, y_train)
acc = accuracy_score(y_test, svc.predict(X_test_s))
