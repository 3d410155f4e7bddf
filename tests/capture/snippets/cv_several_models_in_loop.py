"""Four models are cross-validated in a loop: four records, told apart by their params.

facts:
  runs 4
  run cross_val_score x4
  metric cross_val_score *mean* = results["knn"].mean()
  metric cross_val_score *mean* = results["nb"].mean()
  no run GaussianNB
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import KFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, Y = load_wine(return_X_y=True)
models = [("nb", GaussianNB())]
models += [("knn", KNeighborsClassifier()), ("cart", DecisionTreeClassifier(random_state=7))]
models.append(("lda", LinearDiscriminantAnalysis()))
results = {}
for name, model in models:
    kfold = KFold(n_splits=4, random_state=7, shuffle=True)
    results[name] = cross_val_score(model, X, Y, cv=kfold, scoring="accuracy")
    print(f"{name}: {results[name].mean():f} ({results[name].std():f})")
