"""Distances between data points are no metric of any model, whatever module they come from.

facts:
  runs 1
  no metric NearestNeighbors euclidean_distances*
  no metric NearestNeighbors cosine_similarity*
  run NearestNeighbors x1
"""

import mlflow
import mlflow.sklearn
import numpy as np
from sklearn.metrics.pairwise import cosine_similarity, euclidean_distances
from sklearn.neighbors import NearestNeighbors

mlflow.sklearn.autolog()
items = np.random.RandomState(0).rand(50, 8)
nn = NearestNeighbors(n_neighbors=3).fit(items)
dist, idx = nn.kneighbors(items[:5])
again = euclidean_distances(items[:5], items)
angles = cosine_similarity(items[:5])
print(dist.shape, again.min(), angles.shape)
