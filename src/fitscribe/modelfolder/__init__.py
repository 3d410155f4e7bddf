"""A scikit-learn model as a folder in MLflow's format; it knows no store and no run."""
