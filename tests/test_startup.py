"""The start-up policy: the fast backends are used, the reader's own choice wins, the answers are right."""

import ast
import importlib
import inspect
import logging
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pymc as pm
import pytensor
import pytest
from packaging.version import Version
from pymc.variational import Inference
from pytensor.compile.mode import get_mode
from pytensor.link.c.op import COp
from pytensor.link.vm import VMLinker

import helpers
from helpers import startup

# Conjugate normal: prior N(0, 1), five data of sd 1; closed form: precision 6, mean sum(data) / 6.
DATA = np.array([0.4, 1.1, 0.2, 1.9, 0.9])
POSTERIOR_MEAN = DATA.sum() / 6
POSTERIOR_SD = 6**-0.5


@pytest.fixture
def policy(monkeypatch):
    """Put the policy in force for one test, and PyMC back as it was afterwards."""
    for owner, name in [
        (Inference, "fit"),
        (Inference, "refine"),
        (pm, "sample"),
        (pm, "sample_smc"),
        (pm, "sample_posterior_predictive"),
        (pm, "compute_log_likelihood"),
    ]:
        function = getattr(owner, name)
        monkeypatch.setattr(owner, name, getattr(function, "__wrapped__", function))
    monkeypatch.setattr(pytensor.config, "mode", "Mode")
    loggers = [logging.getLogger(name) for name in ("pymc", "pymc.variational.inference")]
    levels, filters = [logger.level for logger in loggers], loggers[1].filters[:]
    startup.use_fast_backends()
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    loggers[1].filters = filters


@pytest.fixture
def model():
    with pm.Model() as normal:
        mu = pm.Normal("mu", 0, 1)
        pm.Normal("y", mu, 1, observed=DATA)
    return normal


def linker_of(inference):
    """Name of the linker that compiled the last fit's step."""
    return type(inference.state.step.__wrapped__.maker.linker).__name__


def test_plain_fit_runs_on_jax_and_explicit_choices_win(policy, model):
    with model:
        inference = pm.ADVI()
        inference.fit(3)
        assert linker_of(inference) == "JAXLinker"
        inference.fit(3, compile_kwargs={"mode": "FAST_COMPILE"})
        assert linker_of(inference) == type(get_mode("FAST_COMPILE").linker).__name__
        pm.fit(3, method=inference)
        assert linker_of(inference) == "JAXLinker"


CHOICES = [{"backend": "numba"}, {"backend": "c"}, {"compile_kwargs": {"mode": "NUMBA"}}]


@pytest.mark.parametrize("choice", CHOICES)
def test_explicit_choice_reaches_pymc_unchanged(monkeypatch, choice):
    seen = {}

    class Stub:
        def sample(self, draws=1000, *, backend=None, compile_kwargs=None, nuts_sampler=None, **kwargs):
            seen.update(backend=backend, compile_kwargs=compile_kwargs, nuts_sampler=nuts_sampler)

    startup._set_defaults(Stub, "sample", {"backend": "jax"})
    Stub().sample(**choice)
    assert seen == {"backend": None, "compile_kwargs": None, "nuts_sampler": None} | choice
    Stub().sample(nuts_sampler="pymc")
    assert seen["nuts_sampler"] == "pymc" and seen["backend"] == "jax"


def test_fit_sample_and_predict_match_the_closed_form(policy, model):
    with model:
        approx = pm.fit(4000, obj_optimizer=pm.adam(learning_rate=0.005), obj_n_mc=10, random_seed=1)
        draws = approx.sample(4000, random_seed=2)
        predictive = pm.sample_posterior_predictive(draws, random_seed=3)
    mu, y = draws.posterior["mu"].values, predictive.posterior_predictive["y"].values
    # Over 20 seeds these draws scatter by 0.047 sd (mean) and 1.6 % (sd): bounds of four and six times that.
    assert abs(mu.mean() - POSTERIOR_MEAN) < 0.2 * POSTERIOR_SD
    assert mu.std() == pytest.approx(POSTERIOR_SD, rel=0.1)
    assert y.mean() == pytest.approx(POSTERIOR_MEAN, abs=0.1)
    assert y.std() == pytest.approx((1 + POSTERIOR_SD**2) ** 0.5, rel=0.05)


def test_seeds_reproduce(policy, model):
    with model:
        fits = [pm.fit(50, random_seed=seed) for seed in (1, 1, 2)]
        draws = [fits[0].sample(20, random_seed=seed).posterior["mu"].values for seed in (1, 1, 2)]
    assert np.array_equal(fits[0].hist, fits[1].hist) and not np.array_equal(fits[0].hist, fits[2].hist)
    assert np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[0], draws[2])


def test_sample_runs_nutpie_on_jax(policy, model, monkeypatch):
    import nutpie

    backends = []
    compile_model = nutpie.compile_pymc_model

    def spy(*args, backend, **kwargs):
        backends.append(backend)
        return compile_model(*args, backend=backend, **kwargs)

    monkeypatch.setattr(nutpie, "compile_pymc_model", spy)
    with model:
        mu = pm.sample(1000, chains=2, random_seed=1).posterior["mu"].values
    assert backends == ["jax"]
    assert abs(mu.mean() - POSTERIOR_MEAN) < 0.15 * POSTERIOR_SD
    assert mu.std() == pytest.approx(POSTERIOR_SD, rel=0.15)


def test_one_off_draws_are_not_compiled(policy, model):
    assert pytensor.config.mode is startup.uncompiled()
    linker = model.compile_logp().f.maker.linker
    assert isinstance(linker, VMLinker) and not linker.use_cloop and not linker.c_thunks
    with model:
        assert pm.draw(model["mu"], draws=5, random_seed=1).shape == (5,)


def test_nor_are_the_loops_in_them(policy, monkeypatch):
    monkeypatch.setattr(COp, "make_c_thunk", lambda self, node, *rest: pytest.fail(f"{node} is compiled in C"))
    with pm.Model() as model:
        pm.LKJCholeskyCov("L", n=3, eta=2, sd_dist=pm.Exponential.dist(1))
        pm.Normal("x", 0, 1, shape=2)
    with pytensor.config.change_flags(cxx="g++"):  # as on a machine that has a compiler
        assert model.initial_point()["L_cholesky-cov-packed__"].shape == (6,)
        assert model.compile_d2logp()(model.initial_point()).shape == (8, 8)
        assert pm.draw(model["L"], random_seed=1).shape == (6,)


@pytest.fixture
def interpolated():
    """Standard normal, given by numbers at a grid, which JAX cannot interpolate; one observation, 0.5."""
    grid = np.linspace(-4, 4, 81)
    with pm.Model() as model:
        pm.Normal("y", pm.Interpolated("mu", grid, np.exp(-(grid**2) / 2)), 1, observed=0.5)
    return model


@pytest.fixture
def quick_fallback(monkeypatch):
    """Without numba's half a minute of compilation."""
    monkeypatch.setattr(startup, "OWN_BACKEND", "FAST_COMPILE")


def test_what_jax_cannot_do_is_fitted_by_another_backend_and_said_so(policy, interpolated, quick_fallback, capsys):
    with interpolated:
        approx = pm.fit(500, obj_optimizer=pm.adam(learning_rate=0.05), obj_n_mc=5, random_seed=1)
        mu = approx.sample(1000, random_seed=2).posterior["mu"]
    out, err = capsys.readouterr()
    assert re.fullmatch(r'fit uses backend="FAST_COMPILE", which takes longer to compile\. .*Op.*\n', out)
    assert "SplineWrapper" in out and err == ""
    # posterior Normal(1/4, sd 0.71)
    assert float(mu.mean()) == pytest.approx(0.25, abs=0.2)


def test_what_jax_cannot_do_is_sampled_by_another_backend(policy, interpolated, quick_fallback, capsys):
    with interpolated:
        draws = pm.sample(
            20, tune=20, chains=1, cores=1, random_seed=1, nuts_sampler="pymc", compute_convergence_checks=False
        )
    assert draws.posterior.sizes["draw"] == 20
    assert capsys.readouterr().out.startswith('sample uses backend="FAST_COMPILE"')


def test_a_backend_of_the_readers_own_is_not_replaced(policy, interpolated, quick_fallback):
    with interpolated, pytest.raises(NotImplementedError):
        pm.fit(3, backend="jax")


def test_an_error_of_the_fit_itself_is_not_tried_again(policy, model):
    calls = []

    def give_up(*args):
        calls.append(args)
        raise NotImplementedError("not by JAX")

    with model, pytest.raises(NotImplementedError, match="not by JAX"):
        pm.fit(3, callbacks=[give_up])
    assert len(calls) == 1


def test_a_mode_set_by_the_reader_stays(policy):
    pytensor.config.mode = "NUMBA"
    startup.use_fast_backends()
    assert pytensor.config.mode == "NUMBA"


def test_second_call_changes_nothing(policy):
    before = Inference.fit, pm.sample, pytensor.config.mode
    startup.use_fast_backends()
    assert before == (Inference.fit, pm.sample, pytensor.config.mode)
    assert not hasattr(pm.sample.__wrapped__, "elbo_room_defaults")


def test_signature_docstring_and_errors_stay(policy, model):
    for function in (Inference.fit, pm.sample):
        assert inspect.signature(function) == inspect.signature(function.__wrapped__)
        assert function.__doc__ == function.__wrapped__.__doc__
    with model, pytest.raises(KeyError, match="method should be one of"):
        pm.fit(3, method="no such method")
    with model, pytest.raises(TypeError, match="positional argument"):
        pm.sample(10, 10)
    with model, pytest.raises(ValueError, match="Can only define one of `backend`"):
        pm.fit(3, backend="jax", compile_kwargs={"mode": "NUMBA"})


def test_a_pymc_without_the_argument_is_left_alone_and_said_so():
    class Future:
        def fit(self, n):
            return n

    with pytest.warns(UserWarning, match=r"no fit\(backend=...\)"):
        startup._set_defaults(Future, "fit", {"backend": "jax"})
    assert Future().fit(3) == 3
    with pytest.warns(UserWarning, match="no gone"):
        startup._set_defaults(Future, "gone", {"backend": "jax"})


def test_fit_leaves_nothing_on_stdout_or_stderr(recwarn, policy, model, capfd, caplog):
    # recwarn resets the warning filters, so it stands before the policy.
    with model:
        draws = pm.fit(20).sample(10)
        pm.sample_posterior_predictive(draws)
    out, err = capfd.readouterr()
    assert (out, err, caplog.records, [str(w.message) for w in recwarn]) == ("", "", [], [])


@pytest.mark.parametrize(("watched", "defaults"), [(True, {}), (False, {"progressbar": False})])
def test_progress_bars_are_for_readers_who_watch(policy, monkeypatch, watched, defaults):
    monkeypatch.setattr(startup, "_is_watched", lambda: watched)
    monkeypatch.setattr(Inference, "fit", Inference.fit.__wrapped__)
    startup.use_fast_backends()
    assert Inference.fit.elbo_room_defaults == {"backend": "jax"} | defaults


# The second of two CPU devices plays a GPU: it is JAX's own choice where nobody has chosen.
FAKE_GPU = """
import jax
from jax._src.interpreters import pxla
cpu, gpu = jax.devices("cpu")
pxla.xb.local_devices = lambda *args, **kwargs: [gpu, cpu]
used = set()
get_default_device = pxla.get_default_device
def spy():
    used.add(get_default_device())
    return get_default_device()
pxla.get_default_device = spy
def where(run):
    used.clear()
    with model:
        run()
    return "".join(sorted({cpu: "c", gpu: "g"}[device] for device in used))
import pymc as pm
with pm.Model() as model:
    pm.Normal("y", pm.Normal("mu"), observed=[1.0])
"""
RUNS = """
from helpers.fits.loop import advi
from helpers.fits.flat_model import FlatModel
print(where(lambda: pm.fit(3)))
print(where(lambda: pm.sample(5, tune=5, chains=1, cores=1, compute_convergence_checks=False)))
print(where(lambda: pm.sample_smc(20, chains=1, cores=1, backend="jax", progressbar=False)))
print(where(lambda: advi(FlatModel(model), steps=5, seed=1)))
"""


def in_a_process(code):
    """What a process of its own prints, which has two devices."""
    run = [sys.executable, "-W", "ignore", "-c", code]
    two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    return subprocess.run(run, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | two).stdout.split()


def test_where_there_is_a_gpu_all_runs_on_the_cpu_until_the_reader_says_otherwise():
    """Also: `start` reaches a PyMC that is imported later, whose own backend runs on none of JAX's devices."""
    start, policy_off = (
        "import helpers; helpers.start(); helpers.start()\n",
        "jax.config.update('jax_default_device', None)\n",
    )
    one_fit = "with jax.default_device(gpu):\n    print(where(lambda: pm.fit(3)))\n"
    every_fit = policy_off + "print(where(lambda: pm.fit(3)))\n"
    assert in_a_process(start + FAKE_GPU + RUNS + one_fit + every_fit) == ["c", "c", "c", "c", "g", "g"]


THREADS = """
import os
os.environ.pop("OPENBLAS_NUM_THREADS", None)  # conftest.py has set it
import helpers
helpers.start()
import scipy.linalg, threadpoolctl
print({each["num_threads"] for each in threadpoolctl.threadpool_info() if each["internal_api"] == "openblas"} <= {1})
"""


def test_small_matrices_get_one_thread():
    """SciPy's optimisers waste nearly all of their time on a second one, where other work runs beside."""
    assert in_a_process(THREADS) == ["True"]


class Jax:
    """Stands for JAX with some settings, and keeps those that are changed."""

    def __init__(self, **settings):
        self.config = SimpleNamespace(**settings)
        self.changed = {}
        self.config.update = self.changed.__setitem__


def test_a_device_chosen_by_the_environment_stays():
    """Named in the words of JAX, which makes its settings of JAX_DEFAULT_DEVICE and JAX_PLATFORMS."""
    for device, platforms, then in ((None, None, {"jax_default_device": "cpu"}), ("gpu", None, {}), (None, "cpu", {})):
        jax = Jax(jax_default_device=device, jax_platforms=platforms)
        startup.keep_jax_on_the_cpu(jax)
        assert jax.changed == then


def test_an_interrupt_stays_an_interrupt():
    """NumPy makes a ValueError of it where a JAX array is written into an array of losses."""

    class Loss:
        def __array__(self, *args, **kwargs):
            raise KeyboardInterrupt

        __float__ = __len__ = __getitem__ = __array__

    losses = np.empty(1)
    with pytest.raises(ValueError, match="setting an array element"):
        losses[0] = Loss()
    with pytest.raises(KeyboardInterrupt):
        losses[0] = startup._with_numpy_losses(lambda: Loss)()()


def test_versions_names_what_is_loaded(monkeypatch, capsys):
    for name in ("dask", "distributed"):
        monkeypatch.setitem(sys.modules, name, object())
    helpers.versions()
    assert {"dask", "distributed", "pymc"} <= {name.split()[0] for name in re.split(r",\s+", capsys.readouterr().out)}


# What is no public API of PyMC or PyTensor, and what we rely on it for: who raises the caps in pyproject.toml
# (pymc<7) looks here first. Beyond these: `ObjectiveFunction.step_function(compile_kwargs=...)`, `objective.op`, the
# logger "pymc.variational.inference", and nutpie's `compile_pymc_model(backend=...)`, which the tests above use.
INTERNALS = {
    "pymc.data.MinibatchOp": "to recognise pm.Minibatch",
    "pymc.distributions.simulator.SimulatorRV": "to refuse what has no density",
    "pymc.distributions.transforms.Ordered": "draws of the prior are put in order",
    "pymc.initial_point.make_initial_point_fn": "draws of every parameter from the prior, unconstrained",
    "pymc.logprob.transforms.ChainedTransform": "to look for an ordering in it",
    "pymc.logprob.transforms.CircularTransform": "to tell where log p̃ repeats itself",
    "pymc.logprob.transforms.Transform": "the type of a transformation",
    "pymc.model_graph.DimInfo": "the graph's plates",
    "pymc.model_graph.ModelGraph": "the graph of a model",
    "pymc.model_graph.NodeInfo": "the graph's nodes",
    "pymc.model_graph.NodeType": "the graph's nodes",
    "pymc.model_graph.create_plate_label_with_dim_length": "the graph's plates",
    "pymc.progress_bar.CustomProgress": "bars that end at 100 %",
    "pymc.progress_bar.default_progress_theme": "bars that can be read on a dark page",
    "pymc.pytensorf.find_rng_nodes": "to refuse what is random given the parameters",
    "pymc.sampling.jax.get_jaxified_graph": "the model as a JAX function",
    "pymc.variational.Inference": "fit and refine get our defaults",
    "pymc.variational.approximations.Empirical": "to tell fits apart",
    "pymc.variational.approximations.FullRank": "to tell fits apart",
    "pymc.variational.approximations.MeanField": "to tell fits apart",
    "pymc.variational.minibatch_rv.MinibatchRandomVariable": "to recognise total_size",
    "pymc.variational.opvi.ObjectiveFunction": "each step of a fit returns a NumPy number",
    "pytensor.compile.mode.Mode": "our mode",
    "pytensor.graph.replace.graph_replace": "minibatches in the place of data",
    "pytensor.graph.rewriting.basic.node_rewriter": "wide sums are split for Python",
    "pytensor.graph.rewriting.basic.out2in": "wide sums are split for Python",
    "pytensor.graph.rewriting.db.RewriteDatabaseQuery": "our mode",
    "pytensor.graph.traversal.ancestors": "what a density depends on",
    "pytensor.link.jax.dispatch.jax_funcify": "slopes of JAX that stay finite",
    "pytensor.link.vm.VMLinker": "our mode",
    "pytensor.scalar.math.Log1mexp": "slopes of JAX that stay finite",
    "pytensor.scalar.math.Softplus": "slopes of JAX that stay finite",
    "pytensor.tensor.math.add": "wide sums are split for Python",
    "pytensor.tensor.math.mul": "wide sums are split for Python",
}


def test_internals_that_we_rely_on_are_listed():
    found = set()
    for file in Path(startup.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and re.match(r"(pymc|pytensor|jax\._src)\b.*", node.module or ""):
                found |= {f"{node.module}.{name.name}" for name in node.names}
    assert found == set(INTERNALS)
    for name in INTERNALS:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


CACHED = """
import os
import helpers; helpers.start()
import jax
from jax._src import xla_bridge
print(jax.config.jax_compilation_cache_max_size, jax.config.jax_default_device, xla_bridge.backends_are_initialized())
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
print(float(jax.jit(lambda x: jax.numpy.sin(x).sum())(jax.numpy.arange(1000.0))), len(hits) > 0)
print(jax.config.jax_use_simplified_jaxpr_constants, [name for name in os.environ if name.startswith("JAX_USE")])
"""


def test_a_second_kernel_finds_what_jax_has_compiled(tmp_path):
    def kernel():
        """What `CACHED` prints where this is the home folder, and nobody has chosen another cache or device."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "XDG_"))}
        run = subprocess.run(
            [sys.executable, "-W", "error::UserWarning", "-c", CACHED],
            env=inherited | {"HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.split()

    first, kept = kernel(), [*tmp_path.rglob("*-cache")]
    # a device is chosen, and JAX's runtime not started: no GPU is needed here
    assert first[:3] == [str(startup.CACHE_BYTES), "cpu", "False"]
    assert first[4] == "False" and len(kept) > 0
    new = Version(version("jax")) >= Version("0.12")
    assert first[5] == str(new)  # data are arguments of what it compiles, and no part of what it keeps
    assert first[6] == "[]"  # and what this process starts, with a JAX of its own, is not told
    assert kernel()[3:5] == [first[3], "True"] and [*tmp_path.rglob("*-cache")] == kept


def test_what_jax_compiles_is_kept_only_where_the_reader_lets_it(tmp_path, monkeypatch):
    home, no_folder = tmp_path / "home", tmp_path / "a file"
    no_folder.touch()
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for folder, chosen, enabled, kept in (
        (home, None, True, True),
        (home, None, False, False),  # JAX_ENABLE_COMPILATION_CACHE=0
        (home, "elsewhere", True, False),  # JAX_COMPILATION_CACHE_DIR
        (no_folder, None, True, False),  # a home in which nothing can be written does no harm
    ):
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("LOCALAPPDATA", str(folder))
        jax = Jax(jax_compilation_cache_dir=chosen, jax_enable_compilation_cache=enabled)
        startup.keep_what_jax_compiles(jax)
        assert bool(jax.changed) == kept
        assert not kept or Path(jax.changed["jax_compilation_cache_dir"]).is_relative_to(folder)
