"""Ways out of this package and back into it: other formats, other libraries."""
