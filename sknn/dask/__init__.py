"""Fits on several machines, with Dask."""
