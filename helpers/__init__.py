"""Helpers of the ELBO Room course: what would distract from what the notebooks teach."""

import os
import sys
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from textwrap import fill

LIBRARIES = (
    "arviz",
    "anywidget",
    "dask",
    "distributed",
    "jax",
    "matplotlib",
    "numpy",
    "nutpie",
    "pandas",
    "plotly",
    "pyarrow",
    "pymc",
    "pytensor",
    "scipy",
    "seaborn",
)


def start() -> None:
    """Prepare a notebook: the course's style of pictures now; when they are imported, a fast start for PyMC, and for JAX
    the CPU also where there is a GPU, a folder in which it keeps what it compiles, and data as arguments of that."""
    # before NumPy and SciPy are loaded: their matrices are small here, and a second thread would do nothing but wait
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import wrapt

    from helpers import startup
    from helpers.pictures import progress, style

    style.apply()
    startup.hand_data_over_as_arguments()
    # A chapter without PyMC or JAX should not wait for their import.
    wrapt.register_post_import_hook(lambda _: startup.use_fast_backends(), "pymc")
    wrapt.register_post_import_hook(lambda _: progress.mend_bars(), "pymc")
    wrapt.register_post_import_hook(startup.keep_jax_on_the_cpu, "jax")
    wrapt.register_post_import_hook(startup.keep_what_jax_compiles, "jax")


def versions() -> None:
    """Print the versions of Python and of the course's libraries that are loaded."""
    loaded = [f"{name} {version(name)}" for name in LIBRARIES if name in sys.modules]
    print(fill(", ".join([f"Python {sys.version.split()[0]}", *loaded]), width=88))


def problems(requirements: list[str], python: str) -> list[str]:
    """What is missing or too old, one sentence each; empty where all is well.

    Parameters
    ----------
    requirements : list of str
        As in `pyproject.toml`, such as "numpy>=2.1".
    python : str
        The range of Python versions, such as ">=3.12".
    """
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    found = []
    running = ".".join(map(str, sys.version_info[:3]))
    if running not in SpecifierSet(python):
        found.append(f"Python {running} does not satisfy {python}")
    for requirement in map(Requirement, requirements):
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            found.append(f"{requirement.name} is not installed")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            found.append(f"{requirement.name} {installed} does not satisfy {requirement.specifier}")
    return found


def check() -> None:
    """Print one line: all is well, or what is wrong and what to do about it."""
    try:
        found = problems(requires("elbo-room") or [], metadata("elbo-room")["Requires-Python"])
    except PackageNotFoundError:  # started in a clone, by a Python into which nobody has installed the course
        found = ["elbo-room is not installed in this kernel's Python"]
    if found:
        print(f"Not ready: {'; '.join(found)}. Run `uv sync` in the course's folder and restart the kernel.")
    else:
        print("All is well: Python and every library of the course are here, in versions that it was made for.")
