"""Tests of the engine, floor 0."""
