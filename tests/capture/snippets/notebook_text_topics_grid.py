"""Vectorizer and classifier of a text pipeline are searched together.

facts:
  run GridSearchCV x1
  children GridSearchCV 4
  param GridSearchCV best_vect__ngram_range = gs_clf.best_params_["vect__ngram_range"]
  metric GridSearchCV best_cv_score = gs_clf.best_score_
  no run TfidfTransformer
"""

import mlflow
import mlflow.sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

mlflow.sklearn.autolog()

space = ["orbit of the moon", "rocket launch today", "the moon landing", "mars rocket orbit"]
sport = ["the team won the match", "a late goal", "match ended in a draw", "goal by the home team"]
docs = space + sport
target = [0] * 4 + [1] * 4
text_clf = Pipeline(
    [
        ("vect", CountVectorizer()),
        ("tfidf", TfidfTransformer()),
        ("clf", SGDClassifier(loss="hinge", random_state=42, max_iter=50, tol=None)),
    ]
)
parameters = {"vect__ngram_range": [(1, 1), (1, 2)], "clf__alpha": (1e-2, 1e-3)}
gs_clf = GridSearchCV(text_clf, parameters, cv=2)
gs_clf = gs_clf.fit(docs, target)
for param_name in sorted(parameters.keys()):
    print(f"{param_name}: {gs_clf.best_params_[param_name]!r}")
