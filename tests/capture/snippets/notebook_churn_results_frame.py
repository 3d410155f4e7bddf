"""A helper evaluates each model and the rows are gathered in a DataFrame sorted by AUC.

facts:
  runs 3
  metric AdaBoostClassifier roc_auc_score_X_test = table.loc["AdaBoostClassifier", "auc"]
  metric GaussianNB log_loss_X_test = table.loc["GaussianNB", "logloss"]
  metric LogisticRegression roc_auc_score_X_test = table.loc["LogisticRegression", "auc"]
"""

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()

X, y = make_classification(n_samples=400, n_features=8, random_state=21)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=21)


def evaluate(model):
    model.fit(X_train, y_train)
    p = model.predict_proba(X_test)
    return {"auc": roc_auc_score(y_test, p[:, 1]), "logloss": log_loss(y_test, p)}


rows = {}
ada = AdaBoostClassifier(n_estimators=20, random_state=0)
for m in [ada, GaussianNB(), LogisticRegression(max_iter=200)]:
    rows[type(m).__name__] = evaluate(m)
table = pd.DataFrame(rows).T.sort_values("auc", ascending=False)
print(table)
