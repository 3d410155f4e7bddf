"""Mall customers are segmented by fit_predict, and the frame gets a column of clusters.

facts:
  runs 1
  run KMeans x1
  no run MinMaxScaler
  metric KMeans silhouette_score_* = score
  dataset KMeans scaled train
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import MinMaxScaler

mlflow.sklearn.autolog()

rng = np.random.RandomState(200)
mall = pd.DataFrame({"Income": rng.normal(60, 25, 200), "Spending": rng.uniform(1, 100, 200)})
scaled = MinMaxScaler().fit_transform(mall)
km = KMeans(n_clusters=5, n_init=5, random_state=0)
mall["Cluster"] = km.fit_predict(scaled)
score = silhouette_score(scaled, mall["Cluster"])
print(mall.groupby("Cluster").mean())
