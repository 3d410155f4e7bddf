"""Early stopping keeps validation scores of each iteration; they are a history of the run.

facts:
  run HistGradientBoostingClassifier x1
  history HistGradientBoostingClassifier *validation* 16 = list(hgb.validation_score_)
  history HistGradientBoostingClassifier *train* 16 = list(hgb.train_score_)
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier

mlflow.sklearn.autolog()
X, y = make_classification(400, random_state=10)
hgb = HistGradientBoostingClassifier(
    max_iter=15, early_stopping=True, n_iter_no_change=50, validation_fraction=0.2, random_state=1
)
hgb.fit(X, y)
