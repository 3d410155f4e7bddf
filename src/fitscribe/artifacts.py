"""The public door of files that belong to runs: list, download and read them by address."""

from fitscribe.tracking.addresses import (
    download_artifacts,
    list_artifacts,
    load_dict,
    load_image,
    load_text,
)

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_image", "load_text"]
