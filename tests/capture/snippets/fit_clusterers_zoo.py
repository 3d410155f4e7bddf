"""Five clusterers in a list, each fitted on the same points.

facts:
  runs 5
  run SpectralClustering x1
  run Birch x1
  metric GaussianMixture adjusted_rand_score_* = ari["GaussianMixture"]
  metric HDBSCAN adjusted_rand_score_* = ari["HDBSCAN"]
"""

import mlflow
import mlflow.sklearn
from sklearn.cluster import HDBSCAN, Birch, MeanShift, SpectralClustering
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

mlflow.sklearn.autolog()
X, y = make_blobs(120, centers=3, cluster_std=1.4, random_state=30)
zoo = [Birch(n_clusters=3), MeanShift(), SpectralClustering(3, random_state=0)]
zoo += [GaussianMixture(3, random_state=0), HDBSCAN(min_cluster_size=8, copy=True)]
ari = {}
for algo in zoo:
    found = algo.fit_predict(X)
    ari[type(algo).__name__] = adjusted_rand_score(y, found)
