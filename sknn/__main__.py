"""The command line: ``python -m sknn inspect FILE``."""

import argparse
import io
import sys
from collections.abc import Sequence

from sknn._version import __version__
from sknn.engine import has_compiled_kernels
from sknn.exceptions import ModelFileError
from sknn.persistence.describe import describe


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 if the file cannot be read."""
    kernels = ", with compiled kernels" if has_compiled_kernels() else ""
    parser = argparse.ArgumentParser(prog="python -m sknn", description="Neural networks.")
    parser.add_argument("--version", action="version", version=f"sknn {__version__}{kernels}")
    commands = parser.add_subparsers(dest="command", required=True)
    inspect = commands.add_parser("inspect", help="describe a model file without loading the model")
    inspect.add_argument("file", help="path of a file that the method save wrote")
    options = parser.parse_args(arguments)
    try:
        text = describe(options.file)
    except (ModelFileError, OSError) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal encodes all characters
        sys.stdout.reconfigure(errors="backslashreplace")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
