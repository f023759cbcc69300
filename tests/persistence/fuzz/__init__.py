"""Fuzzing `sknn.load`: mutants of honest files are refused, or are honest models themselves.

``python -m tests.persistence.fuzz --tries 100000 --seed 0 --processes 2``
"""
