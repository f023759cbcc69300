"""Validation of what users pass in: it becomes arrays, or a clear error."""
