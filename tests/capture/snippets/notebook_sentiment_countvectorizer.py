"""A few literal sentences are counted and classified by naive Bayes, step by step.

facts:
  runs 1
  run MultinomialNB x1
  no run CountVectorizer
  artifact MultinomialNB *preparation*
  metric MultinomialNB accuracy_score_X_test_counts = accuracy_score(test_labels, pred)
"""

import mlflow
import mlflow.sklearn
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import accuracy_score
from sklearn.naive_bayes import MultinomialNB

mlflow.sklearn.autolog()

train_texts = [
    "I loved this film, wonderful acting",
    "terrible plot and awful acting",
    "a wonderful, moving story",
    "awful. I hated every minute",
    "great fun, loved it",
    "boring and terrible",
]
train_labels = [1, 0, 1, 0, 1, 0]
test_texts = ["wonderful fun", "terrible, boring film", "loved the story"]
test_labels = [1, 0, 1]

vec = CountVectorizer(stop_words="english")
X_train_counts = vec.fit_transform(train_texts)
X_test_counts = vec.transform(test_texts)
nb = MultinomialNB(alpha=0.5).fit(X_train_counts, train_labels)
pred = nb.predict(X_test_counts)
print(accuracy_score(test_labels, pred))
