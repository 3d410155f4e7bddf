"""Several models are compared in a loop over a dict and the accuracies are kept in another dict.

facts:
  runs 4
  run LogisticRegression x1
  run KNeighborsClassifier x1
  metric RandomForestClassifier accuracy_score_X_val = results["Random Forest"]
  metric KNeighborsClassifier accuracy_score_X_val = results["KNN"]
  param DecisionTreeClassifier max_depth = 4
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()

np.random.seed(0)
train = pd.DataFrame(
    {"Fare": np.random.exponential(30, 250), "SibSp": np.random.poisson(0.5, 250)}
)
train["Pclass"] = np.random.randint(1, 4, 250)
train["Survived"] = (train.Fare > 20).astype(int) * np.random.binomial(1, 0.8, 250)
X_train, X_val, y_train, y_val = train_test_split(
    train[["Fare", "SibSp", "Pclass"]], train["Survived"], test_size=0.3, random_state=7
)

models = {
    "LR": LogisticRegression(max_iter=1000),
    "KNN": KNeighborsClassifier(n_neighbors=7),
    "Tree": DecisionTreeClassifier(max_depth=4, random_state=1),
    "Random Forest": RandomForestClassifier(n_estimators=20, random_state=1),
}
results = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    results[name] = accuracy_score(y_val, model.predict(X_val))
    print(name, results[name])
