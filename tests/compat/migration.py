"""A script of a user of MLflow: the verbs of models. It knows nothing of fitscribe."""

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

X = pd.DataFrame(np.arange(20.0).reshape(10, 2), columns=["a", "b"])
y = np.arange(10) // 5
model = LogisticRegression().fit(X, y)
signature = infer_signature(X, model.predict(X))
mlflow.sklearn.save_model(model, "saved", signature=signature, input_example=X[:2])
print(mlflow.sklearn.load_model("saved").predict(X))
print(mlflow.pyfunc.load_model("saved").predict(X), signature.inputs.input_names())

mlflow.set_experiment("migration")
with mlflow.start_run() as run:
    info = mlflow.sklearn.log_model(model, name="model", signature=signature)
print(mlflow.pyfunc.load_model(info.model_uri).metadata.get_input_schema())
print(mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model").coef_.shape)
version = mlflow.register_model(f"runs:/{run.info.run_id}/model", "classifier")
client = MlflowClient()
client.set_registered_model_alias("classifier", "champion", version.version)
found = client.get_model_version_by_alias("classifier", "champion")
print(found.version, found.name, found.run_id == run.info.run_id)
print(mlflow.sklearn.load_model("models:/classifier@champion").predict(X))
print(mlflow.pyfunc.load_model("models:/classifier/1").predict(X[["b", "a"]]))
