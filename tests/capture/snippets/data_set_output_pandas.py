"""Transformers give frames; the model sees columns by name and its data set is called by its own.

facts:
  runs 1
  no run StandardScaler
  dataset LogisticRegression Z_train train
  metric LogisticRegression roc_auc_score_Z_test = auc
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

mlflow.sklearn.autolog()
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
scale = StandardScaler().set_output(transform="pandas")
Z_train, Z_test = scale.fit_transform(X_train), scale.transform(X_test)
lr = LogisticRegression(max_iter=500).fit(Z_train, y_train)
auc = roc_auc_score(y_test, lr.decision_function(Z_test))
