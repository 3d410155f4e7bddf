"""Clusters are learnt from a stream, and judged once at the end.

facts:
  runs 1
  run MiniBatchKMeans x1
  metric MiniBatchKMeans silhouette_score_X = sil
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_score

mlflow.sklearn.autolog()
X, _ = make_blobs(300, centers=3, random_state=2)
mbk = MiniBatchKMeans(n_clusters=3, n_init=1, random_state=2)
for chunk in np.array_split(X, 6):
    mbk.partial_fit(chunk)
sil = silhouette_score(X, mbk.predict(X))
