"""Topics of a handful of sentences by NMF; nothing is predicted, the factorisation is the run.

facts:
  runs 1
  run NMF x1
  no run TfidfVectorizer
  param NMF n_components = 2
  artifact NMF *preparation*
"""

import mlflow
import mlflow.sklearn
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer

mlflow.sklearn.autolog()

corpus = [
    "cats and dogs are pets",
    "dogs chase cats",
    "stocks fell as markets closed",
    "markets and stocks rallied",
    "pets like dogs need walks",
]
tfidf_vectorizer = TfidfVectorizer(stop_words="english")
tfidf = tfidf_vectorizer.fit_transform(corpus)
nmf = NMF(n_components=2, random_state=1, max_iter=400).fit(tfidf)
words = tfidf_vectorizer.get_feature_names_out()
for topic_idx, topic in enumerate(nmf.components_):
    print(f"Topic #{topic_idx}:", [words[i] for i in topic.argsort()[:-4:-1]])
