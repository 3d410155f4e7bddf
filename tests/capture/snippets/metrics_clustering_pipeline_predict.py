"""A clustering pipeline predicts new points, whose homogeneity is measured.

facts:
  runs 1
  run Pipeline x1
  metric Pipeline homogeneity_score_X_new = hom
  metric Pipeline calinski_harabasz_score_X_new = ch
"""

import mlflow
import mlflow.sklearn
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import calinski_harabasz_score, homogeneity_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

mlflow.sklearn.autolog()
X, y = make_blobs(400, centers=4, cluster_std=2.0, random_state=10)
X_old, X_new, y_new = X[:300], X[300:], y[300:]
pipe = make_pipeline(StandardScaler(), MiniBatchKMeans(4, n_init=3, random_state=1))
pipe.fit(X_old)
found = pipe.predict(X_new)
hom = homogeneity_score(y_new, found)
ch = calinski_harabasz_score(X_new, found)
