"""Saved models of every format of the state, which each later version must load."""
