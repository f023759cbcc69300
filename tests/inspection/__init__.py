"""Tests of the inspection of fitted networks."""
