"""Tests of sknn.features."""
