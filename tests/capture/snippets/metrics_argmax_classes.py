"""Classes are picked by argmax from the probabilities, as people who come from deep learning do.

facts:
  runs 1
  metric LogisticRegression accuracy_score_Xte = acc
  metric LogisticRegression log_loss_Xte = ll
  dataset LogisticRegression Xte eval
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
Xtr, Xte, ytr, yte = train_test_split(*load_iris(return_X_y=True), random_state=9)
logits = LogisticRegression(max_iter=400).fit(Xtr, ytr).predict_proba(Xte)
yhat = np.argmax(logits, axis=1)
acc = accuracy_score(yte, yhat)
ll = log_loss(yte, logits)
