"""Spam or ham by a tf-idf pipeline that takes plain lists of sentences.

facts:
  runs 1
  run Pipeline x1
  dataset Pipeline messages train
  metric Pipeline f1_score_new_messages = f1
  param Pipeline tfidf__ngram_range = (1, 2)
"""

import mlflow
import mlflow.sklearn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline

mlflow.sklearn.autolog()

messages = ["win money now", "lunch at noon?", "free prize claim now", "see you at the meeting"]
messages += [
    "claim your free money",
    "can you call me after lunch",
    "winner! free entry",
    "ok thanks",
]
labels = ["spam", "ham", "spam", "ham", "spam", "ham", "spam", "ham"]

text_clf = Pipeline(
    [
        ("tfidf", TfidfVectorizer(ngram_range=(1, 2))),
        ("clf", LogisticRegression(C=10, max_iter=200)),
    ]
)
text_clf.fit(messages, labels)
new_messages = ["free money", "meeting at noon", "claim prize", "thanks, see you"]
new_labels = ["spam", "ham", "spam", "ham"]
predicted = text_clf.predict(new_messages)
f1 = f1_score(new_labels, predicted, pos_label="spam")
