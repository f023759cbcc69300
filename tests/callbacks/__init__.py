"""Tests of the callbacks of this package."""
