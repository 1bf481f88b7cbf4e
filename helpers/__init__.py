"""Helpers of the ELBO Room course: what would distract from what the notebooks teach."""

import sys
from importlib.metadata import version
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
)


def start() -> None:
    """Prepare a notebook: the course's style of pictures now; when they are imported, a fast start for PyMC, and for JAX
    the CPU also where there is a GPU, and a folder in which it keeps what it compiles."""
    import wrapt

    from helpers import startup, style

    style.apply()
    # A chapter without PyMC or JAX should not wait for their import.
    wrapt.register_post_import_hook(lambda _: startup.use_fast_backends(), "pymc")
    wrapt.register_post_import_hook(startup.keep_jax_on_the_cpu, "jax")
    wrapt.register_post_import_hook(startup.keep_what_jax_compiles, "jax")


def versions() -> None:
    """Print the versions of Python and of the course's libraries that are loaded."""
    loaded = [f"{name} {version(name)}" for name in LIBRARIES if name in sys.modules]
    print(fill(", ".join([f"Python {sys.version.split()[0]}", *loaded]), width=88))
