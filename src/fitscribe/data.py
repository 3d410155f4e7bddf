"""The public door of datasets, for ``log_input``."""

from fitscribe.core.entities import Dataset, DatasetInput
from fitscribe.tracking.dataset_sources import DatasetSource, get_source
from fitscribe.tracking.datasets import GivenDataset, from_numpy, from_pandas, from_polars

__all__ = [
    "Dataset",
    "DatasetInput",
    "DatasetSource",
    "GivenDataset",
    "from_numpy",
    "from_pandas",
    "from_polars",
    "get_source",
]
