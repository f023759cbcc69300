"""Build hook that compiles the kernels of a training step; off unless it is asked for.

`HATCH_BUILD_HOOKS_ENABLE=true pip install .` compiles them; without it the wheel has Python only.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "sknn.engine._compiled_kernels"
SOURCE = Path("sknn", "engine", "_compiled_kernels.c")

#: Contracted products and sums are rounded once instead of twice: other bits than NumPy's.
UNIX_OPTIONS = ["-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
MSVC_OPTIONS = ["/O2", "/fp:precise"]


class CompiledKernels(BuildHookInterface):
    """Compile the extension module, for a wheel of this platform or in place."""

    directory: TemporaryDirectory[str] | None = None

    def dependencies(self) -> list[str]:
        """Return what the build needs besides a C compiler."""
        return ["setuptools>=77"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the module to the wheel; an editable one finds it beside its source."""
        if self.target_name != "wheel":
            return
        self.directory = TemporaryDirectory()
        if version == "editable":
            compile_module(self.root, self.root, self.directory.name)
            return
        built = compile_module(self.root, self.directory.name, self.directory.name)
        build_data["force_include"][str(built)] = SOURCE.with_name(built.name).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what the compiler wrote, once the wheel has it."""
        if self.directory is not None:
            self.directory.cleanup()


def compile_module(root: str, directory: str, temporary: str) -> Path:
    """Compile the module to a directory that has the package's folders; return its path.

    Raises
    ------
    RuntimeError
        If that fails, for example without a compiler.
    """
    from setuptools import Distribution, Extension
    from setuptools.errors import CompileError, LinkError, PlatformError

    options = MSVC_OPTIONS if sys.platform == "win32" else UNIX_OPTIONS
    source = str(Path(root, SOURCE))
    extension = Extension(MODULE, [source], extra_compile_args=options)
    command: Any = Distribution({"ext_modules": [extension]}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = directory, temporary
    command.force = True
    command.ensure_finalized()
    try:
        command.run()
    except (CompileError, LinkError, PlatformError) as error:
        raise RuntimeError(
            "The kernels need a C compiler and the headers of Python (docs/howto/compiled.md). "
            "Without HATCH_BUILD_HOOKS_ENABLE the package is installed without them, and computes "
            f"the same. The build said: {error}"
        ) from error
    return Path(command.get_ext_fullpath(MODULE))
