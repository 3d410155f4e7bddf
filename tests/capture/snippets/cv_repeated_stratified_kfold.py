"""A repeated splitter object: six scores, and the splitter's words among the params.

facts:
  runs 1
  history cross_val_score *score* 6 = list(s)
  metric cross_val_score *std* = s.std()
  param cross_val_score *cv* = rskf
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()
X, y = load_iris(return_X_y=True)
rskf = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=36851234)
s = cross_val_score(KNeighborsClassifier(3), X, y, cv=rskf)
