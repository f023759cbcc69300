"""Scale: files larger than memory, cost against size, and searches in several processes.

    python examples/benchmarks/scale.py
    python examples/benchmarks/scale.py --what memmap --megabytes 4000 --check
    python examples/benchmarks/scale.py --what source --gb 4 --check
    python examples/benchmarks/scale.py --what cost --plot cost.png

`memmap` trains on a file larger than the memory that the process may have (as under `ulimit -d`,
which lets a file be mapped, but refuses a copy of it) and tells how the memory taken grows with the
rows. `source` trains on a folder of Parquet files, with a limit of the anonymous memory, and
compares the time of a row with that of a fit in memory. `cost` times an epoch against the number of
rows, and against the number of parameters, on one thread and on two. `search` runs a grid search in
one process and in two, and counts the BLAS threads there.
"""

import argparse
import sys
import warnings

from cost import compare_cost
from mapped import compare_mapped
from parquet_source import compare_sources
from search_threads import compare_search
from sklearn.exceptions import ConvergenceWarning

#: What can be looked at: functions of the options that return whether all was well.
SUBJECTS = {
    "memmap": lambda options: compare_mapped(options.megabytes),
    "source": lambda options: compare_sources(options.gb),
    "cost": lambda options: compare_cost(quick=options.quick, path=options.plot),
    "search": lambda options: compare_search(quick=options.quick),
}


def main() -> None:
    """Look at what was asked for."""
    parser = argparse.ArgumentParser(description="See how sknn scales.")
    parser.add_argument("--what", choices=[*SUBJECTS, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--megabytes", type=int, default=1000, help="of the file (1000)")
    parser.add_argument("--gb", type=float, default=0.2, help="of the Parquet folder (0.2)")
    parser.add_argument("--plot", metavar="FILE", help="draw the cost")
    parser.add_argument("--check", action="store_true", help="fail if something does not scale")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    subjects = SUBJECTS if options.what == "all" else [options.what]
    well = [SUBJECTS[subject](options) for subject in subjects]
    if options.check and not all(well):
        sys.exit(1)


if __name__ == "__main__":
    main()
