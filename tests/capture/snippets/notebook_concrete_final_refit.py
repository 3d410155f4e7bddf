"""After the check on the test half, the model is fitted again on everything.

facts:
  runs 2
  run ExtraTreesRegressor x2
  metric ExtraTreesRegressor explained_variance_score_X_test = ev
  dataset ExtraTreesRegressor X_train train
  dataset ExtraTreesRegressor X train
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import explained_variance_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(1030)
X = pd.DataFrame(rng.uniform(0, 500, (200, 4)), columns=["cement", "slag", "water", "age"])
y = X.cement * 0.1 - X.water * 0.05 + np.log1p(X.age) * 8
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=2)
model = ExtraTreesRegressor(n_estimators=20, random_state=2)
model.fit(X_train, y_train)
ev = explained_variance_score(y_test, model.predict(X_test))
# good enough: final model on all of the data
model.fit(X, y)
