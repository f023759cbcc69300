"""Persistence: models from files, in forms that others read too."""

from sknn.persistence.checkpoints import Checkpoint
from sknn.persistence.models import load

__all__ = ["Checkpoint", "load"]
