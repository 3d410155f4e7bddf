"""Two metrics in a search, refitted by one of them.

facts:
  run GridSearchCV x1
  children GridSearchCV 3
  child GridSearchCV *mean_test_auc* = search.cv_results_["mean_test_auc"].max()
  child GridSearchCV *mean_test_acc* = search.cv_results_["mean_test_acc"].max()
  metric GridSearchCV best_cv_score = search.best_score_
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True)
search = GridSearchCV(
    DecisionTreeClassifier(random_state=42),
    param_grid={"min_samples_split": [2, 50, 200]},
    scoring={"auc": "roc_auc", "acc": "accuracy"},
    refit="auc",
    cv=3,
)
search.fit(X, y)
