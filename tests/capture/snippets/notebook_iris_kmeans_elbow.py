"""The elbow method: inertia for several k, and the silhouette of the last one.

facts:
  run KMeans x4
  metric KMeans silhouette_score_X = sil
  param KMeans n_clusters = 5
  param KMeans n_clusters = 2
"""

import mlflow
import mlflow.sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import silhouette_score

mlflow.sklearn.autolog()

X = load_iris().data
wcss = []
for i in range(2, 6):
    kmeans = KMeans(n_clusters=i, init="k-means++", n_init=3, random_state=42)
    kmeans.fit(X)
    wcss.append(kmeans.inertia_)
print(wcss)
labels = kmeans.predict(X)
sil = silhouette_score(X, labels)
