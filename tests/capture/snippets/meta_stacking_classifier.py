"""Two base models and a final one are stacked: a dozen fits inside, one run outside.

facts:
  runs 1
  run StackingClassifier x1
  no run LogisticRegression
  no run DecisionTreeClassifier
  metric StackingClassifier StackingClassifier_score_X_test = s
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_wine
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

mlflow.sklearn.autolog()
X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=42)
base = [("tree", DecisionTreeClassifier(random_state=0)), ("nb", GaussianNB())]
stack = StackingClassifier(base, final_estimator=LogisticRegression(max_iter=500), cv=3)
s = stack.fit(X_train, y_train).score(X_test, y_test)
