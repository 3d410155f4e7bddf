"""Top-k accuracy of ten digits from decision_function.

facts:
  metric SGDClassifier top_k_accuracy_score_X_test = top1
  metric SGDClassifier top_k_accuracy_score-2_X_test = top3
  dataset SGDClassifier X_test eval
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import top_k_accuracy_score
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=40)
sgd = SGDClassifier(random_state=40).fit(X_train, y_train)
margins = sgd.decision_function(X_test)
top1 = top_k_accuracy_score(y_test, margins, k=1)
top3 = top_k_accuracy_score(y_test, margins, k=3)
