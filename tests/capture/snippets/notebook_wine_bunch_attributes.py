"""The Bunch is used as it is: no split, fit and predict on wine.data, which is called like that.

facts:
  run GaussianNB x1
  dataset GaussianNB wine.data train
  metric GaussianNB accuracy_score_wine.data = acc
  metric GaussianNB training_accuracy_score = acc
"""

import mlflow
import mlflow.sklearn
from sklearn import metrics
from sklearn.datasets import load_wine
from sklearn.naive_bayes import GaussianNB

mlflow.sklearn.autolog()

wine = load_wine()
gnb = GaussianNB()
y_pred = gnb.fit(wine.data, wine.target).predict(wine.data)
acc = metrics.accuracy_score(wine.target, y_pred)
print("Number of mislabeled points:", (wine.target != y_pred).sum())
