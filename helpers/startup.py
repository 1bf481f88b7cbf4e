"""Start-up policy: plain PyMC calls that get going within seconds on a cold machine.

JAX gets a first fit or sampler going within seconds where PyMC's default backend may compile for a minute and more.
Draws that run only once are not compiled at all, because compiling them would take longer than making them: they
are rewritten as by PyMC's own mode, which keeps logarithms finite, and run by Python.
A ``backend=`` that you pass yourself always wins.

Measured (`benchmarks/POLICY.md`; two cores, empty caches): `import pymc`, a fit of 10,000 iterations, draws and predictions
take 8 s with 2 weights and 10 s with 40; with PyMC's defaults 22 s and 91 s, with ``backend="c"`` 23 s and 58 s. Where
Python has no bytecode of the packages (the very first import after ``uv sync``), imports take some 15 s more;
``uv sync --compile-bytecode`` pays for it at installation.
What is not compiled is slower where there is much of it: beside other work, 500,000 log likelihoods of the 40 weights took 4.7 s, with
FAST_COMPILE's rewrites 1.2 s, since softplus goes number by number through Python.
JAX is slow for SVGD with many particles; pass a ``backend=`` there.
"""

import functools
import inspect
import logging
import os
import sys
import traceback
import warnings
from importlib.metadata import version

import numpy as np
import platformdirs
from packaging.version import Version

OWN_BACKEND = "numba"  # PyMC's own
AT_ONCE = 32  # inputs and outputs of one operation by Python
CACHE_BYTES = 2**26  # for what JAX compiles: the course needs a third of it; the oldest entries go first


def use_fast_backends():
    """Make plain PyMC calls start fast; call it once, in the setup cell of a notebook.

    It changes five things for the running process and nothing on disk (what JAX keeps is `keep_what_jax_compiles`):

    - ``pm.fit``, every ``Inference.fit`` (``pm.ADVI().fit``) and ``pm.sample`` use ``backend="jax"``, unless
      the call says ``backend=`` or ``compile_kwargs={"mode": ...}``; a model with an operation that JAX does not have
      gets PyMC's own backend, numba, and a printed line says so;
    - the rest (``approx.sample``, ``pm.draw``, predictive draws) uses PyTensor's Python linker, with all rewrites
      that PyMC's own mode applies: the same answers, nothing compiled, loops included (nor in mode ``"FAST_COMPILE"``);
    - progress bars appear only where somebody watches; a call that says ``progressbar=`` wins;
    - an interrupt of such a fit keeps what it has at any moment;
    - PyMC logs warnings and errors, no longer its progress notes; where a fit was interrupted is printed. (It
      counts "R-hat is too large" among the notes, and the samplers chosen here never say it: ask `arviz.summary`.)

    Raises
    ------
    ImportError
        If PyMC or JAX is not installed.

    Notes
    -----
    A second call changes nothing. Where a future PyMC has lost one of the arguments, that function is left as
    it is and a warning says so: such a notebook is slow, not wrong. PyMC has no setting for the backend of
    fits, and the global mode "JAX" breaks ``approx.sample``, so wrapping these functions is what remains.
    """
    import jax
    import pymc as pm
    import pytensor
    from pymc.variational import Inference
    from pymc.variational.opvi import ObjectiveFunction

    # PyTensor switches JAX to 64 bits at its first compilation; now, so that earlier arrays are alike.
    jax.config.update("jax_enable_x64", pytensor.config.floatX == "float64")
    # "Mode" is PyTensor's own default: whoever has set another one meant it.
    if pytensor.config.mode == "Mode":
        pytensor.config.mode = uncompiled()
    # PyMC draws initial points by a mode of its own
    pytensor.compile.mode.FAST_COMPILE.linker = uncompiled().linker

    # Only calls by the reader: these are looked up in `pm`, PyMC's own modules keep the originals.
    bar = {} if _is_watched() else {"progressbar": False}
    _set_defaults(Inference, "fit", {"backend": "jax"} | bar)
    # "split": a bar for each chain, without the columns that a narrow page has no room for
    _set_defaults(pm, "sample", {"backend": "jax", "progressbar": "split"} | bar)
    if bar:
        _set_defaults(Inference, "refine", bar)
        _set_defaults(pm, "sample_smc", bar)
        _set_defaults(pm, "sample_posterior_predictive", bar)
        _set_defaults(pm, "compute_log_likelihood", bar)

    if not hasattr(ObjectiveFunction.step_function, "__wrapped__"):
        ObjectiveFunction.step_function = _with_numpy_losses(ObjectiveFunction.step_function)

    # "Finished [100%]", "Sampling: [y]" and "NUTS[nutpie]: [...]" are notes; PyMC's warnings and errors stay.
    logging.getLogger("pymc").setLevel(logging.WARNING)
    # But whoever has interrupted a fit is told where it stands: `pm.fit` returns as if nothing had happened.
    fits = logging.getLogger("pymc.variational.inference")
    fits.setLevel(logging.INFO)
    fits.addFilter(_announce_interrupts)
    # JAX copies the random generator; PyMC seeds the copy, so there is nothing for the reader to do.
    warnings.filterwarnings("ignore", message="The RandomType SharedVariables")


@functools.cache
def uncompiled():
    """PyTensor's mode that rewrites as PyMC's own does, and runs by Python.

    FAST_COMPILE would leave out the rewrites that keep logarithms finite (log p of a label at logit 38 is then -inf).
    Fused and in-place operations are for compilers: by Python they are slower.
    """
    import pytensor
    from pytensor.compile.mode import Mode
    from pytensor.graph.rewriting.basic import node_rewriter, out2in
    from pytensor.graph.rewriting.db import RewriteDatabaseQuery
    from pytensor.link.vm import VMLinker
    from pytensor.tensor.math import add, mul

    @node_rewriter([add, mul])
    def split(fgraph, node):
        """A sum of more terms than NumPy takes at once, as the log density of many variables, as a sum of two."""
        half, few = len(node.inputs) // 2, len(node.inputs) < AT_ONCE
        return None if few else [node.op(node.op(*node.inputs[:half]), node.op(*node.inputs[half:]))]

    class ByPython(VMLinker):
        """Also what is inside a loop, which PyTensor compiles in C where it finds a compiler: 9 s for an LKJ prior."""

        def make_all(self, *args, **kwargs):
            with pytensor.config.change_flags(cxx=""):
                return super().make_all(*args, **kwargs)

    rewrites = RewriteDatabaseQuery(include=["fast_run"], exclude=["fusion", "inplace"])
    mode = Mode(ByPython(use_cloop=False, c_thunks=False), rewrites)
    return mode.register((out2in(split, name="split"), 100))  # after all others, which would join them again


def hand_data_over_as_arguments():
    """Let JAX's compiled code take a model's data as arguments, as JAX means to do by default one day.

    Else they are written into the code: to compile a slope over a million rows and twenty columns, and to keep it for the
    next start, took 23 s in place of 0.3. JAX reads this once, at its import; what the environment says already stays.
    JAX 0.7 has the switch and cannot compile `pm.fit` with it, so older versions than the one that we tried stay as they are.
    See "Handling of closed-over constants" in JAX's documentation, https://docs.jax.dev/en/latest/internals/constants.html
    """
    import wrapt

    name = "JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS"
    if "jax" not in sys.modules and name not in os.environ and Version(version("jax")) >= Version("0.12"):
        os.environ[name] = "1"
        # and no longer than that: a Python started from here may have another JAX
        wrapt.register_post_import_hook(lambda _: os.environ.pop(name, None), "jax")


def keep_jax_on_the_cpu(jax):
    """Let what JAX computes live on the CPU by default, unless the reader has chosen already.

    Steps of small fits take longer to send to a GPU than to compute. The reader's choice is made by JAX's own means:
    ``JAX_PLATFORMS`` or ``JAX_DEFAULT_DEVICE`` in the environment before JAX is imported, later
    ``jax.config.update("jax_default_device", "gpu")``, or for one fit ``with jax.default_device("gpu"):``.
    """
    # A name, not a device: looking devices up would start JAX's runtime, at every import.
    if jax.config.jax_default_device is None and not jax.config.jax_platforms:
        jax.config.update("jax_default_device", "cpu")


def keep_what_jax_compiles(jax):
    """Let JAX keep its compiled code in the user's cache folder, so that a chapter's second start takes a quarter less.

    JAX's own key of an entry holds the version, the processor's features and the flags: another machine that shares
    the home folder compiles anew. ``JAX_ENABLE_COMPILATION_CACHE=0`` in the environment switches it off, and a folder
    that the reader has chosen by JAX's means stays. Where nothing can be written, nothing is kept.
    """
    settings = jax.config
    if settings.jax_compilation_cache_dir or not settings.jax_enable_compilation_cache:
        return
    try:
        folder = platformdirs.user_cache_path("elbo-room", ensure_exists=True)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    settings.update("jax_compilation_cache_dir", str(folder / "jax"))
    settings.update("jax_compilation_cache_max_size", CACHE_BYTES)
    settings.update("jax_persistent_cache_min_compile_time_secs", 0)
    settings.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _with_numpy_losses(step_function):
    """Let each step return a NumPy number, so that an interrupted fit is not lost.

    PyMC writes ``losses[i] = loss``. Where an interrupt falls into the reading of a JAX array there, NumPy reports
    "ValueError: setting an array element with a sequence" in its place, which PyMC does not take for an interrupt.
    """

    @functools.wraps(step_function)
    def with_numpy_losses(*args, **kwargs):
        step = step_function(*args, **kwargs)
        return functools.update_wrapper(lambda: np.asarray(step()), step)

    return with_numpy_losses


def _announce_interrupts(record):
    """A filter of PyMC's log that lets warnings pass, and prints where a fit was interrupted."""
    if record.levelno > logging.INFO:
        return True
    # Logged while the interrupt is handled (where a callback has stopped the fit, nobody wonders): said as a
    # plain output, since the log is shown as an error would be.
    if isinstance(sys.exception(), KeyboardInterrupt):
        print(record.getMessage())
    return False


def _set_defaults(owner, name, defaults):
    """Replace ``owner.name`` by itself with other defaults; its signature, docstring and errors stay."""
    function = getattr(owner, name, None)
    if hasattr(function, "elbo_room_defaults"):
        return
    signature = inspect.signature(function) if callable(function) else inspect.Signature()
    missing = [key for key in defaults if key not in signature.parameters]
    if missing:
        warnings.warn(
            f"This version of PyMC has no {name}({missing[0]}=...): left as it is, it may start slowly.",
            stacklevel=3,
        )
        return

    @functools.wraps(function)
    def with_defaults(*args, **kwargs):
        try:
            given = signature.bind_partial(*args, **kwargs).arguments
        except TypeError:  # a wrong call: PyMC's own error message is the right one
            return function(*args, **kwargs)
        # `Inference.fit` has compile_kwargs under **kwargs, `pm.sample` by name: `kwargs` holds both.
        has_mode = "mode" in (kwargs.get("compile_kwargs") or {})
        ours = {k: v for k, v in defaults.items() if given.get(k) is None and not (k == "backend" and has_mode)}
        try:
            return function(*args, **kwargs | ours)
        except NotImplementedError as error:
            if "backend" not in ours or not _is_about_jax(error):
                raise
            print(f'{name} uses backend="{OWN_BACKEND}", which takes longer to compile. {str(error).splitlines()[0]}')
        return function(*args, **kwargs | ours | {"backend": OWN_BACKEND})

    with_defaults.elbo_room_defaults = defaults
    setattr(owner, name, with_defaults)


def _is_about_jax(error):
    """Tell whether the error was raised while PyTensor translated a model into JAX: before any step was done."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_globals.get("__name__", "").startswith("pytensor.link.jax") for frame, _ in frames)


def _is_watched():
    """Tell whether a person sees the output as it comes: a notebook in a browser, or a terminal.

    Front ends (JupyterLab, VS Code, Colab) let a cell ask for input, nbclient, nbconvert and nbval do not.
    """
    ipython = sys.modules.get("IPython")
    kernel = getattr(ipython and ipython.get_ipython(), "kernel", None)
    return sys.stdout.isatty() if kernel is None else getattr(kernel, "_allow_stdin", True)
