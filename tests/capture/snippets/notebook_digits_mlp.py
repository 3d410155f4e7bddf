"""A small neural network on digits stops early by max_iter, and warns that it did not converge.

facts:
  run MLPClassifier x1
  history MLPClassifier *loss* 8 = mlp.loss_curve_
  finding MLPClassifier ConvergenceWarning
  metric MLPClassifier MLPClassifier_score_X_test = score
"""

import mlflow
import mlflow.sklearn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

mlflow.sklearn.autolog()

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data / 16.0, digits.target, test_size=0.3, random_state=4
)
mlp = MLPClassifier(hidden_layer_sizes=(30,), max_iter=8, solver="sgd", random_state=1)
mlp.fit(X_train, y_train)
score = mlp.score(X_test, y_test)
print(f"Training set loss: {mlp.loss_:f}")
print(f"Test set score: {score:f}")
