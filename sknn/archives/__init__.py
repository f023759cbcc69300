"""Archives: plain data <-> a file with no code in it. Knows no estimator."""

from sknn.archives.atomic import replacing
from sknn.archives.contents import Contents, read, write

__all__ = ["Contents", "read", "replacing", "write"]
