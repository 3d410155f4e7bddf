"""The many honest payments are sampled down before the split, as in many fraud notebooks.

facts:
  run LogisticRegression x1
  metric LogisticRegression recall_score_X_test = rec
  metric LogisticRegression recall_score-2_X_all = rec_all
  artifact LogisticRegression *confusion_matrix*X_all*
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, recall_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(284)
df = pd.DataFrame(rng.normal(size=(1500, 4)), columns=["V1", "V2", "V3", "Amount"])
df["Class"] = 0
df.loc[:59, "Class"] = 1
df.loc[:59, ["V1", "V2"]] += 1.5

fraud = df[df.Class == 1]
normal = df[df.Class == 0].sample(n=len(fraud), random_state=42)
under = pd.concat([fraud, normal]).sample(frac=1, random_state=42)
X_under, y_under = under.drop("Class", axis=1), under["Class"]
X_train, X_test, y_train, y_test = train_test_split(
    X_under, y_under, test_size=0.3, random_state=0
)
lr = LogisticRegression(C=0.01, max_iter=100)
lr.fit(X_train, y_train)
rec = recall_score(y_test, lr.predict(X_test))
X_all, y_all = df.drop("Class", axis=1), df["Class"]
pred_all = lr.predict(X_all)
rec_all = recall_score(y_all, pred_all)
print(confusion_matrix(y_all, pred_all))
