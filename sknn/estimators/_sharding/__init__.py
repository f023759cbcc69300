"""Fits whose training rows are in parts that may be anywhere: functions of parts, and their merge.

No function reads more than one part, and none keeps anything: what has to be the same for all rows
(classes, units of y, encoding, weights) is learned from small summaries.
"""
