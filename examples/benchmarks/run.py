"""Everything side by side: training, prediction, import, memory and size, as ratios.

    python examples/benchmarks/run.py --quick
"""
import argparse
import os
import warnings
from threadpoolctl import threadpool_limits
from cases import CASES
from training import *
from sklearn.exceptions import ConvergenceWarning
warnings.simplefilter("ignore", ConvergenceWarning)
p=argparse.ArgumentParser()
p.add_argument("--quick",action="store_true"); p.add_argument("--peers",default="sklearn"); p.add_argument("--case",action="append"); p.add_argument("--repeats",type=int); p.add_argument("--precision",default="float32"); p.add_argument("--threads",type=int,default=os.cpu_count())
o=p.parse_args()
peers=installed_peers(o.peers.split(","),o.precision,o.threads)
cs=[CASES[c] for c in o.case or CASES]
if o.quick: cs=[c.smaller() for c in cs]
with threadpool_limits(o.threads):
    rows=compare_training(cs,peers,precision=o.precision,threads=o.threads,repeats=o.repeats)
print(unlike(rows))
