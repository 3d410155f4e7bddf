"""The public door of datasets, for ``log_input``."""

from fitscribe.core.entities import Dataset
from fitscribe.tracking.datasets import GivenDataset, from_numpy, from_pandas, from_polars

__all__ = ["Dataset", "GivenDataset", "from_numpy", "from_pandas", "from_polars"]
