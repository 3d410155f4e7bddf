"""Decompositions are runs of their own: what they learnt is not preparation of a scaler's kind.

facts:
  run PCA x1
  run TruncatedSVD x1
  run FastICA x1
  param PCA n_components = 2
  metric PCA *explained_variance* = pca.explained_variance_ratio_.sum()
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, FastICA, TruncatedSVD

mlflow.sklearn.autolog()
X, _ = load_digits(return_X_y=True)
pca = PCA(n_components=2, random_state=0).fit(X)
svd = TruncatedSVD(5, random_state=0)
low = svd.fit_transform(X)
ica = FastICA(4, random_state=0, max_iter=500, tol=0.01, whiten="unit-variance").fit(X[:300])
print(low.shape, ica.components_.shape)
