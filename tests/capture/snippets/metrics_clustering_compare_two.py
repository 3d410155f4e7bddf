"""Two clusterings are compared with the truth one by one, and then with each other.

facts:
  runs 2
  metric KMeans normalized_mutual_info_score_* = nmi_km
  metric DBSCAN normalized_mutual_info_score_* = nmi_db
  unattributed adjusted_rand_score* = agreement
"""

import mlflow
import mlflow.sklearn
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

mlflow.sklearn.autolog()
X, y = make_moons(200, noise=0.05, random_state=0)
km = KMeans(n_clusters=2, n_init=3, random_state=0).fit_predict(X)
db = DBSCAN(eps=0.2).fit_predict(X)
nmi_km = normalized_mutual_info_score(y, km)
nmi_db = normalized_mutual_info_score(y, db)
agreement = adjusted_rand_score(km, db)
