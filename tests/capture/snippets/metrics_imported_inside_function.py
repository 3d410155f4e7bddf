"""Metrics are imported within the function that uses them, after autologging is on.

facts:
  metric LinearDiscriminantAnalysis matthews_corrcoef_X_hold = mcc
  metric LinearDiscriminantAnalysis zero_one_loss_X_hold = loss
  run LinearDiscriminantAnalysis x1
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

mlflow.sklearn.autolog()
data, target = load_breast_cancer(return_X_y=True)
X_fit, y_fit = data[::2], target[::2]
X_hold, y_hold = data[1::2], target[1::2]


def judge(truth, guess):
    from sklearn.metrics import matthews_corrcoef, zero_one_loss

    return matthews_corrcoef(truth, guess), zero_one_loss(truth, guess)


lda = LinearDiscriminantAnalysis().fit(X_fit, y_fit)
mcc, loss = judge(y_hold, lda.predict(X_hold))
