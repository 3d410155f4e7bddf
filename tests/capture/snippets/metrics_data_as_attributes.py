"""An experiment class keeps its data as attributes; names come from them.

facts:
  runs 1
  metric RandomForestClassifier roc_auc_score*X_test = exp.result
  no metric RandomForestClassifier *unknown*
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split


class Experiment:
    def __init__(self, seed):
        X, y = load_breast_cancer(return_X_y=True)
        parts = train_test_split(X, y, random_state=seed)
        self.X_train, self.X_test, self.y_train, self.y_test = parts

    def run(self):
        self.model = RandomForestClassifier(20, random_state=1).fit(self.X_train, self.y_train)
        proba = self.model.predict_proba(self.X_test)
        self.result = roc_auc_score(self.y_test, proba[:, 1])


mlflow.sklearn.autolog()
exp = Experiment(seed=5)
exp.run()
