"""The best model so far is kept by deepcopy while the original is fitted on.

facts:
  run DecisionTreeRegressor x3
  metric DecisionTreeRegressor r2_score-2_X_final = final
  no metric DecisionTreeRegressor r2_score-2_X_valid
"""

import copy

import mlflow
import mlflow.sklearn
from sklearn.datasets import make_friedman1
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeRegressor

mlflow.sklearn.autolog()
X, y = make_friedman1(400, noise=1, random_state=0)
X_train, X_valid, X_final = X[:250], X[250:320], X[320:]
y_train, y_valid, y_final = y[:250], y[250:320], y[320:]
tree, best, top = DecisionTreeRegressor(random_state=0), None, -1.0
for depth in (2, 5, 20):
    tree.set_params(max_depth=depth).fit(X_train, y_train)
    r2 = r2_score(y_valid, tree.predict(X_valid))
    if r2 > top:
        top, best = r2, copy.deepcopy(tree)
final = r2_score(y_final, best.predict(X_final))
