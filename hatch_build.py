"""Build hook that compiles the kernels of a training step; off unless it is asked for.

`HATCH_BUILD_HOOKS_ENABLE=true pip install .` compiles them; without it the wheel has Python only.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "sknn.engine._compiled_kernels"
SOURCE = Path("sknn", "engine", "_compiled_kernels.c")

#: Contracted products and sums are rounded once instead of twice: other bits than NumPy's.
UNIX_OPTIONS = ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
MSVC_OPTIONS = ["/O2", "/fp:precise"]


class CompiledKernels(BuildHookInterface):
    """Compile the extension module, for a wheel of this platform or in place."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides a C compiler."""
        return ["setuptools>=77"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the module to the wheel; an editable one finds it beside its source."""
        if self.target_name != "wheel":
            return
        if version == "editable":
            compile_module(self.root, Path(self.root))
            return
        built = compile_module(self.root, Path(mkdtemp()))
        build_data["force_include"][str(built)] = str(SOURCE.with_name(built.name))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def compile_module(root: str, directory: Path) -> Path:
    """Compile the module to a directory that has the package's folders; return its path."""
    from setuptools import Distribution, Extension

    options = MSVC_OPTIONS if sys.platform == "win32" else UNIX_OPTIONS
    source = str(Path(root, SOURCE))
    extension = Extension(MODULE, [source], extra_compile_args=options, depends=[source[:-1] + "h"])
    command: Any = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(directory), mkdtemp()
    command.force = True
    command.ensure_finalized()
    command.run()
    return Path(command.get_ext_fullpath(MODULE))
