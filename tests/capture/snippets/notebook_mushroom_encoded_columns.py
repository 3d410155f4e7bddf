"""Every column is label encoded in a loop; twenty encoders make no runs.

facts:
  runs 1
  no run LabelEncoder
  metric BernoulliNB accuracy_score_x_test = acc
  artifact BernoulliNB *preparation*
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import LabelEncoder

mlflow.sklearn.autolog()

rng = np.random.default_rng(8124)
mush = pd.DataFrame({f"f{i}": rng.choice(list("abc"), 200) for i in range(20)})
mush["class"] = np.where((mush.f0 == "a") | (mush.f1 == "b"), "e", "p")
le = LabelEncoder()
for col in mush.columns:
    mush[col] = le.fit_transform(mush[col])
y = mush["class"].values.reshape(-1, 1)
x = mush.drop(["class"], axis=1)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=42)
nb = BernoulliNB()
nb.fit(x_train, y_train.ravel())
acc = accuracy_score(y_test, nb.predict(x_test))
print(f"Test accuracy: {round(acc * 100, 2)}%")
