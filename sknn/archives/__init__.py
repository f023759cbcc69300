"""Archives: plain data <-> a file without code. Independent of estimators."""

from sknn.archives.atomic import replacing
from sknn.archives.contents import Contents, read, write
from sknn.archives.plain import pack_parameters

__all__ = ["Contents", "pack_parameters", "read", "replacing", "write"]
