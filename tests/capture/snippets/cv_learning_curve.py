"""A learning curve is one record with a value for every size.

facts:
  runs 1
  run learning_curve x1
  history learning_curve *test* 4 = list(test_scores.mean(axis=1))
  history learning_curve *train* 4 = list(train_scores.mean(axis=1))
  no run GaussianNB
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import ShuffleSplit, learning_curve
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()
X, y = load_digits(return_X_y=True)
cv = ShuffleSplit(n_splits=3, test_size=0.2, random_state=0)
train_sizes, train_scores, test_scores = learning_curve(
    GaussianNB(), X, y, cv=cv, train_sizes=np.linspace(0.1, 1.0, 4)
)
