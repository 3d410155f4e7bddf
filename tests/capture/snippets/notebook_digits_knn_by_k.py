"""Digits by nearest neighbours for growing k, with train and test accuracy from score.

facts:
  run KNeighborsClassifier x3
  metric KNeighborsClassifier KNeighborsClassifier_score_X_train = train_acc[0]
  metric KNeighborsClassifier KNeighborsClassifier_score-2_X_test = test_acc[0]
  metric KNeighborsClassifier KNeighborsClassifier_score-2_X_test = test_acc[2]
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

mlflow.sklearn.autolog()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, random_state=42, stratify=y
)
neighbors = np.array([1, 5, 9])
train_acc = np.empty(len(neighbors))
test_acc = np.empty(len(neighbors))
for i, k in enumerate(neighbors):
    knn = KNeighborsClassifier(n_neighbors=k)
    knn.fit(X_train, y_train)
    train_acc[i] = knn.score(X_train, y_train)
    test_acc[i] = knn.score(X_test, y_test)
