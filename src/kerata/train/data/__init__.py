"""Data adapters: from whatever the user has to batches of arrays."""

from .array_source import ArraySource
from .make import make_source, validation_split
from .packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .pydataset import PyDataset, PyDatasetSource, Sequence
from .source import Source
from .stream import GeneratorSource

__all__ = [
    "ArraySource",
    "GeneratorSource",
    "PyDataset",
    "PyDatasetSource",
    "Sequence",
    "Source",
    "make_source",
    "pack_x_y_sample_weight",
    "unpack_x_y_sample_weight",
    "validation_split",
]
