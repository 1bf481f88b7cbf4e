"""Bad days: interrupts, and data or models that a fit cannot take. A clear error, or it works; nothing in silence."""

import queue
import subprocess
import time
from pathlib import Path

import numpy as np
import pymc as pm
import pytest
from jupyter_client.manager import start_new_kernel
from pymc.exceptions import ImputationWarning
from pymc.variational.opvi import ParametrizationError

from helpers.fits import FlatModel, GaussianFit, advi

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2))
Y = X @ [1, -1] + 0.5 * RNG.normal(size=30)
LABEL = Y > 0
pytestmark = pytest.mark.filterwarnings("ignore:The RandomType SharedVariables")
IN_DATA = "look in the data for NaN, infinity, or values outside the support"


def with_one(values, wrong):
    values = np.array(values, type(wrong))
    values.flat[3] = wrong
    return values


def regression(x=X, y=Y) -> pm.Model:
    with pm.Model() as model:
        pm.Normal("y", x @ pm.Normal("b", 0, 2, shape=2), 0.7, observed=y)
    return model


def logistic(y, x=X) -> pm.Model:
    """The data are `pm.Data`, which the fits may take in minibatches."""
    with pm.Model() as model:
        logit_p = pm.Data("x", x) @ pm.Normal("b", 0, 2, shape=2)
        pm.Bernoulli("bought", logit_p=logit_p, observed=pm.Data("y", y))
    return model


def ours(model: pm.Model, steps=600, **batches) -> GaussianFit:
    return advi(FlatModel(model, ["x", "y"] if batches else ()), seed=1, steps=steps, **batches)


def pymcs(model: pm.Model, iterations=300):
    with model:
        return pm.fit(iterations, obj_optimizer=pm.adam(learning_rate=0.05), random_seed=1, backend="jax")


@pytest.fixture(scope="module")
def reference():
    return ours(regression())


def same(fit, reference) -> bool:
    return np.allclose(fit.mean, reference.mean, atol=1e-3) and np.allclose(fit.sd, reference.sd, rtol=1e-2)


def test_pymc_stops_at_nan():
    with pytest.raises(FloatingPointError, match="NaN occurred in optimization"):
        pymcs(regression(x=with_one(X, np.nan)), 20)


def test_data_that_become_nan_later():
    with pytest.raises(NotImplementedError, match="nan"):  # PyMC's
        logistic(with_one(LABEL, np.nan))
    model = logistic(LABEL.astype(float))
    model["x"].set_value(with_one(X, np.nan))  # as pm.set_data does: no word from PyMC
    with pytest.raises(FloatingPointError, match=IN_DATA):
        ours(model, batch_size=5)


def test_missing_observations_become_parameters_with_a_warning():
    with pytest.warns(ImputationWarning, match="will be automatically imputed"):
        model = regression(y=with_one(Y, np.nan))
    assert FlatModel(model).labels == ("b[0]", "b[1]", "y_unobserved[0]")
    with pytest.warns(ImputationWarning), np.errstate(invalid="ignore"), pm.Model() as labels:
        pm.Bernoulli("y", logit_p=pm.Normal("b"), observed=with_one(LABEL, np.nan))
    with pytest.raises(ValueError, match="continuous parameters only; discrete: y_unobserved"):
        FlatModel(labels)


@pytest.mark.parametrize(("labels", "batches"), [(LABEL + 1, {}), (with_one(LABEL, 2), {"batch_size": 5})])
def test_labels_outside_the_support(labels, batches):
    # Among minibatches the one row would show in a sixth of the steps; the gradient leaves it out, so that φ is finite
    with pytest.raises(FloatingPointError, match=f"log p̃ is -inf at PyMC's initial point already: {IN_DATA}"):
        ours(logistic(labels), **batches)


def test_labels_outside_the_support_pass_pymc_without_a_word():
    model = logistic(with_one(LABEL, 2))
    fit = pymcs(model)
    assert np.isfinite(fit.mean.eval()).all() and np.isinf(fit.hist).all()  # if this fails, PyMC has learnt: tell it
    with np.errstate(invalid="ignore"):
        assert GaussianFit.from_pymc(FlatModel(model), fit).elbo(100, seed=1)[0] == -np.inf


def test_labels_as_booleans_and_words():
    assert same(ours(logistic(LABEL), batch_size=5), ours(logistic(LABEL.astype(int)), batch_size=5))
    with pytest.raises(TypeError, match="not supported for the input types"):  # PyMC's
        logistic(np.where(LABEL, "yes", "no"))


def test_a_constant_column():
    assert ours(regression(x=np.column_stack([X[:, 0], np.ones(30)]))).sd[1] == pytest.approx(0.7 / 30**0.5, rel=0.03)
    with pytest.warns(RuntimeWarning, match="divide"):
        standardised = (np.ones((30, 2)) - 1) / np.ones((30, 2)).std(axis=0)
    with pytest.raises(FloatingPointError, match=IN_DATA):
        ours(regression(x=standardised), steps=50)


def test_no_rows_and_one_row():
    prior = ours(regression(np.empty((0, 2)), np.empty(0)))
    assert prior.mean == pytest.approx(np.zeros(2), abs=0.01) and prior.sd == pytest.approx(np.full(2, 2), rel=0.01)
    with pytest.raises(ValueError, match=r"minibatch must name data with at least one row; got {'x': 0, 'y': 0}"):
        ours(logistic(np.empty(0), np.empty((0, 2))), batch_size=5)
    assert np.isfinite(ours(logistic(LABEL[:1], X[:1]), batch_size=5).mean).all()


def test_single_precision_data(reference):
    assert same(ours(regression(X.astype("float32"), Y.astype("float32"))), reference)


def test_models_without_a_continuous_parameter():
    with pm.Model() as fixed:
        pm.Normal("y", 0, 1, observed=Y)
    with pm.Model() as discrete:
        pm.Normal("y", pm.Poisson("k", 3) + pm.Normal("m"), 1, observed=Y)
    for model, error, message, pymcs_error, pymcs_message in (
        (fixed, ValueError, "at least one parameter", TypeError, "not have an free RVs"),
        (discrete, ValueError, "discrete: k", ParametrizationError, "not supported by VI: k"),
    ):
        with pytest.raises(error, match=message):
            ours(model)
        with pytest.raises(pymcs_error, match=pymcs_message):
            pymcs(model)


def test_an_approximation_of_another_kind_or_model():
    flat = FlatModel(regression())
    with flat.model:
        particles = pm.SVGD(n_particles=20).approx
    with pytest.raises(TypeError, match='must come from method "advi" or "fullrank_advi", got particles'):
        GaussianFit.from_pymc(flat, particles)
    for shape, extra in ((3, ()), (2, ("c",))):
        with pm.Model():
            pm.Normal("b", shape=shape)
            for name in extra:
                pm.Normal(name)
            other = pm.ADVI().approx
        with pytest.raises(ValueError, match=r"must be of the same model, with 2 .*\(b\[0\], b\[1\]\); it has 3, in b"):
            GaussianFit.from_pymc(flat, other)


class Kernel:
    """Runs cells; `interrupt` says after which output the user presses the stop button."""

    def __init__(self):
        here = {"cwd": Path(__file__).parents[1], "stderr": subprocess.DEVNULL}
        self.manager, self.client = start_new_kernel(kernel_name="python3", **here)

    def run(self, source: str, interrupt: str | None = None) -> str:
        """The text that the cell printed, a word for what else it showed, and the name of its error."""
        cell = self.client.execute(
            source, allow_stdin=False
        )  # no progress bar, which would swallow what a callback prints
        text, end = "", time.monotonic() + 600  # so that a broken kernel does not hold up the tests for ever
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != cell:
                continue
            content = message["content"]
            text += " [stderr] " * (content.get("name") == "stderr") + " [display] " * ("data" in content)
            text += content.get("text", "") + content.get("ename", "")
            if interrupt and interrupt in text:
                interrupt = self.manager.interrupt_kernel()
            if content.get("execution_state") == "idle":
                return text
        raise TimeoutError(text)


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run("""
import helpers, pymc as pm
from helpers.fits.loop import advi
from helpers.fits.flat_model import FlatModel

helpers.start()
with pm.Model() as model:
    pm.Normal("y", pm.Normal("m"), 1, observed=[1.0, 2.0])
flat = FlatModel(model)""")
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def interrupted(kernel, cell):
    """What a cell printed that was interrupted after "started"."""
    for _ in range(5):
        words = kernel.run(cell, interrupt="started").split()
        if words[-1] != "ValueError":  # one in fifty falls into a look-up of JAX, which says so of its cache keys
            break
    assert words[0] == "started"
    return words[1:]


def test_interrupt_and_run_again(kernel):
    cell = "print('started', flush=True)\nfit = advi(flat, seed=1, steps={})\nprint(f'mean {{fit.mean[0]:.2f}}')"
    assert interrupted(kernel, cell.format(300_000)) == ["KeyboardInterrupt"]
    assert kernel.run(cell.format(2000)).split() == ["started", "mean", "1.00"]


def test_interrupted_pymc_keeps_what_it_has_and_goes_on(kernel):
    cell = """
with model:
    fit = pm.fit({}, random_seed=1, callbacks=[lambda _, __, i: i == 1 and print("started", flush=True)])
print(len(fit.hist))"""
    words = interrupted(kernel, cell.format(1_000_000))
    assert int(words[-1]) < 1_000_000
    assert f"Interrupted at {int(words[-1]):,}" in " ".join(words)  # it ends as if nothing had happened
    assert "[stderr]" not in words
    assert kernel.run(cell.format(100)).split() == ["started", "100"]


def test_uninterrupted_nothing_is_said(kernel):
    """No progress bar and no message, as in a stored notebook."""
    cell = "with model:\n    predictive = pm.sample_posterior_predictive(pm.fit(20).sample(10))"
    assert kernel.run(cell) == ""
