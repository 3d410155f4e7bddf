"""Digits are reduced by PCA before a linear SVM; both steps are fitted by hand.

facts:
  run LinearSVC x1
  metric LinearSVC accuracy_score_X_test_pca = accuracy_score(y_test, y_hat)
  dataset LinearSVC X_train_pca train
  param LinearSVC C = 0.01
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.svm import LinearSVC

mlflow.sklearn.autolog()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)
pca = PCA(n_components=20, random_state=0).fit(X_train)
X_train_pca, X_test_pca = pca.transform(X_train), pca.transform(X_test)
print(pca.explained_variance_ratio_.sum())

clf = LinearSVC(C=0.01, random_state=0)
clf.fit(X_train_pca, y_train)
y_hat = clf.predict(X_test_pca)
print(accuracy_score(y_test, y_hat))
