"""The command line: ``python -m sknn inspect FILE``."""

import argparse
import io
import sys
from collections.abc import Sequence

from sknn._version import ModelFileError, __version__
from sknn.persistence.describe import describe


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 if the file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m sknn", description="Neural networks.")
    parser.add_argument("--version", action="version", version=f"sknn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    inspect = commands.add_parser("inspect", help="tell what is in a model file, building nothing")
    inspect.add_argument("file", help="what the method save wrote")
    chosen = parser.parse_args(arguments)
    try:
        page = describe(chosen.file)
    except (ModelFileError, OSError) as error:
        print(f"{chosen.file}: {error}", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):  # terminals may lack letters
        sys.stdout.reconfigure(errors="backslashreplace")
    print(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
