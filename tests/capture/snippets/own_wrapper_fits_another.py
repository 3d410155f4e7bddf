"""An own classifier keeps a pipeline inside and fits it: the inner one is no run.

facts:
  runs 1
  run Wrapper x1
  no run Pipeline
  no run SVC
  metric Wrapper f1_score_X_test = f1
"""

import mlflow
import mlflow.sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


class Wrapper(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.pipe_ = make_pipeline(StandardScaler(), SVC()).fit(X, y)
        self.classes_ = self.pipe_.classes_
        return self

    def predict(self, X):
        return self.pipe_.predict(X)


mlflow.sklearn.autolog()
X_train, X_test, y_train, y_test = train_test_split(
    *load_breast_cancer(return_X_y=True), random_state=2
)
f1 = f1_score(y_test, Wrapper().fit(X_train, y_train).predict(X_test))
