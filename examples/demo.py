"""Three fits on data that scikit-learn ships, recorded by one line, and what was recorded."""

from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler
from sklearn.svm import SVC

import fitscribe
import fitscribe.sklearn

fitscribe.set_experiment("demo")
fitscribe.sklearn.autolog()  # the one line

iris = load_iris()
RandomForestClassifier(n_estimators=100, max_depth=3, random_state=0).fit(iris.data, iris.target)

cancer = load_breast_cancer()
columns = ColumnTransformer(
    [
        ("scaled", StandardScaler(), slice(0, 20)),
        ("binned", KBinsDiscretizer(5, strategy="uniform"), slice(20, 30)),
    ]
)
make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(cancer.data, cancer.target)

wine = load_wine()
search = GridSearchCV(
    make_pipeline(StandardScaler(), SVC()),
    {"svc__C": [0.1, 1.0, 10.0], "svc__kernel": ["linear", "rbf"]},
    cv=5,
)
search.fit(wine.data, wine.target)

# Read back what was recorded.
runs = fitscribe.search_runs(
    order_by=["metrics.training_accuracy_score DESC", "metrics.mean_test_score DESC"],
    output_format="list",
)
print(f"{'run':58} {'train accuracy':>14} {'cv score':>9} {'params':>7} {'metrics':>8}")
for run in runs:
    metrics = run.data.metrics
    child = "  " if "mlflow.parentRunId" in run.data.tags else ""
    accuracy = metrics.get("training_accuracy_score", float("nan"))
    score = metrics.get("mean_test_score", metrics.get("best_cv_score", float("nan")))
    print(
        f"{child + run.info.run_name:58.58} {accuracy:14.3f} {score:9.3f} "
        f"{len(run.data.params):7} {len(metrics):8}"
    )

best = fitscribe.search_runs(
    filter_string="params.max_depth = 3 and metrics.training_accuracy_score > 0.9",
    output_format="list",
)[0]
model = fitscribe.sklearn.load_model(f"runs:/{best.info.run_id}/model")
print(f"\nLoaded again: {model!r}, which calls the first flower {model.predict(iris.data[:1])}.")
print(
    f"""
Look further:
  fitscribe runs list --experiment demo
  fitscribe runs show {best.info.run_id}
  fitscribe runs search "metrics.mean_test_score > 0.95"
  fitscribe models list --experiment demo"""
)
