"""The public door of datasets, for ``log_input``."""

from fitscribe.core.entities import Dataset, DatasetInput
from fitscribe.tracking.columns import ColumnChange, changed_columns
from fitscribe.tracking.dataset_sources import DatasetSource, get_source
from fitscribe.tracking.datasets import GivenDataset, from_numpy, from_pandas, from_polars

# MLflow has a class for each library, whose names stand in type hints.
from fitscribe.tracking.datasets import GivenDataset as NumpyDataset
from fitscribe.tracking.datasets import GivenDataset as PandasDataset
from fitscribe.tracking.datasets import GivenDataset as PolarsDataset

__all__ = [
    "ColumnChange",
    "Dataset",
    "DatasetInput",
    "DatasetSource",
    "GivenDataset",
    "NumpyDataset",
    "PandasDataset",
    "PolarsDataset",
    "changed_columns",
    "from_numpy",
    "from_pandas",
    "from_polars",
    "get_source",
]
