"""Tests of saved models and of the bridges to other libraries."""
