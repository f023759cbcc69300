"""Validation of inputs, targets, weights and settings."""
