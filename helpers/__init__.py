"""Helpers of the ELBO Room course: what would distract from what the notebooks teach."""

import sys
from importlib.metadata import version
from textwrap import fill

LIBRARIES = (
    "arviz",
    "anywidget",
    "jax",
    "matplotlib",
    "numpy",
    "nutpie",
    "pandas",
    "plotly",
    "pymc",
    "pytensor",
    "scipy",
)


def start() -> None:
    """Prepare a notebook: the course's style of pictures now, and fast start-up for PyMC when it is imported."""
    import wrapt

    from helpers import startup, style

    style.apply()
    # A chapter without PyMC should not wait for its import.
    wrapt.register_post_import_hook(lambda _: startup.use_fast_backends(), "pymc")


def versions() -> None:
    """Print the versions of Python and of the course's libraries that are loaded."""
    loaded = [f"{name} {version(name)}" for name in LIBRARIES if name in sys.modules]
    print(fill(", ".join([f"Python {sys.version.split()[0]}", *loaded]), width=88))
