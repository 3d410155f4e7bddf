"""Attrition with a randomized search over a forest, and the best estimator used on its own.

facts:
  run RandomizedSearchCV x1
  children RandomizedSearchCV 5
  metric RandomizedSearchCV accuracy_score_X_test = acc
  metric RandomizedSearchCV best_cv_score = search.best_score_
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import RandomizedSearchCV, train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(1470)
hr = pd.DataFrame({"OverTime": rng.integers(0, 2, 300), "YearsAtCompany": rng.poisson(6, 300)})
hr["MonthlyIncome"] = rng.lognormal(8.5, 0.4, 300)
left = rng.binomial(1, 0.1 + 0.4 * hr["OverTime"])
X_train, X_test, y_train, y_test = train_test_split(hr, left, stratify=left, random_state=1)

dist = {"n_estimators": [5, 10, 20], "max_features": [1, 2, 3], "min_samples_leaf": [1, 5]}
rf = RandomForestClassifier(random_state=1)
search = RandomizedSearchCV(rf, dist, n_iter=5, cv=3, random_state=1)
search.fit(X_train, y_train)
best_model = search.best_estimator_
y_pred = best_model.predict(X_test)
acc = accuracy_score(y_test, y_pred)
