"""Clusters are judged through the labels_ attribute, with and without the truth.

facts:
  run AgglomerativeClustering x1
  metric AgglomerativeClustering silhouette_score_* = sil
  metric AgglomerativeClustering adjusted_rand_score_* = ari
  metric AgglomerativeClustering davies_bouldin_score_* = db
"""

import mlflow
import mlflow.sklearn
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

mlflow.sklearn.autolog()
points, truth = make_blobs(150, centers=3, cluster_std=2.5, random_state=8)
agg = AgglomerativeClustering(n_clusters=3, linkage="average").fit(points)
sil = silhouette_score(points, agg.labels_)
ari = adjusted_rand_score(truth, agg.labels_)
db = davies_bouldin_score(points, agg.labels_)
