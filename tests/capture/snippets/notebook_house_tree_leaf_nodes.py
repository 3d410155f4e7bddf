"""The function get_mae of a well-known course is called for several tree sizes.

facts:
  run DecisionTreeRegressor x4
  metric DecisionTreeRegressor mean_absolute_error_val_X = maes[5]
  metric DecisionTreeRegressor mean_absolute_error_val_X = maes[500]
  dataset DecisionTreeRegressor train_X train
  dataset DecisionTreeRegressor val_X eval
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

mlflow.sklearn.autolog()

rng = np.random.default_rng(9)
data = pd.DataFrame(rng.uniform(0, 100, (600, 3)), columns=["LotArea", "1stFlrSF", "FullBath"])
price = data.LotArea**1.5 + 10 * data["1stFlrSF"] + rng.normal(0, 50, 600)
train_X, val_X, train_y, val_y = train_test_split(data, price, random_state=1)


def get_mae(max_leaf_nodes, train_X, val_X, train_y, val_y):
    model = DecisionTreeRegressor(max_leaf_nodes=max_leaf_nodes, random_state=0)
    model.fit(train_X, train_y)
    preds_val = model.predict(val_X)
    return mean_absolute_error(val_y, preds_val)


maes = {}
for max_leaf_nodes in [5, 50, 500, 5000]:
    maes[max_leaf_nodes] = get_mae(max_leaf_nodes, train_X, val_X, train_y, val_y)
    print(f"Max leaf nodes: {max_leaf_nodes} \t MAE: {maes[max_leaf_nodes]:.0f}")
