"""Datasets on disk: reading and writing the five tables as Parquet, CSV or JSON lines."""

from streams.files.dataset import Dataset
from streams.files.writing import write_dataset

__all__ = ["Dataset", "write_dataset"]
