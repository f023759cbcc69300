"""Sources: tables that can be read several times, batch by batch."""

from sknn.features.sources.base import Source
from sknn.features.sources.recognition import as_source, is_read_once

__all__ = ["Source", "as_source", "is_read_once"]
