"""The target is a Series with an odd index and text labels.

facts:
  run GridSearchCV x1
  children GridSearchCV 2
  dataset GridSearchCV features train
  metric GridSearchCV f1_score_features = f1
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
rng = np.random.default_rng(2)
features = pd.DataFrame(rng.normal(size=(90, 2)), columns=["a", "b"], index=range(900, 990))
label = pd.Series(np.where(features["a"] > 0, "yes", "no"), index=features.index)
gs = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [3, 9]}, cv=3).fit(features, label)
f1 = f1_score(label, gs.predict(features), pos_label="yes")
