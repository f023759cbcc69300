"""Laws for whatever Hypothesis draws: shapes, settings and numbers that nobody would think of."""
