"""Fits of the sensor's network for many settings (width, rows, prior), all by one compiled function.

The fit works with u = weights / prior sd, so that its prior is N(0, 1) whatever the setting, and with 20 units and 50
rows, of which a mask hides those that the setting does not have. A hidden unit keeps its prior, and costs nothing.

`complete` draws the last layer given the first: the network is then a Bayesian line, whose posterior is a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from helpers.fits import loop
from helpers.models.sensor_data import NOISE, features, outputs, sensor
from helpers.validate import check_between, check_count

MOST_UNITS, MOST_ROWS = 20, 50
PRIOR_SDS = (0.05, 20.0)
STEPS = 2_000
DRAWS = 4  # of η in each step: two, and their mirror images


@dataclass(frozen=True)
class Setting:
    """A network, its prior and its data. Raises `ValueError`, naming the argument, for anything out of range.

    Parameters
    ----------
    width : int
        Hidden units, 1 to 20.
    rows : int
        Readings of the sensor, 0 to 50.
    prior_sd : float
        Of every weight, in [0.05, 20].
    data_seed : int
        Of the readings, at least 0; 42 makes the published ones.
    """

    width: int = 5
    rows: int = 20
    prior_sd: float = 1.0
    data_seed: int = 42

    def __post_init__(self):
        for name, least, most in (("width", 1, MOST_UNITS), ("rows", 0, MOST_ROWS), ("data_seed", 0, 2**32 - 1)):
            (count,) = check_count(least, most, **{name: getattr(self, name)})
            object.__setattr__(self, name, count)
        (prior_sd,) = check_between(*PRIOR_SDS, prior_sd=self.prior_sd)
        object.__setattr__(self, "prior_sd", prior_sd)

    @property
    def size(self) -> int:
        """Number of weights: w1, b1 and w2 of each unit, and b2."""
        return 3 * self.width + 1

    @property
    def readings(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y, each of shape (rows,)."""
        return sensor(self.rows, seed=self.data_seed)


@dataclass(frozen=True)
class MeanField:
    """q: independent normals, one for each weight, in the order of `helpers.models.sensor_data.outputs`.

    Parameters
    ----------
    setting : Setting
    mean, sd : array, shape (setting.size,)
    elbo, elbo_error : float
        An estimate of the ELBO in nats, all constants included, and its standard error.
    """

    setting: Setting
    mean: np.ndarray
    sd: np.ndarray
    elbo: float
    elbo_error: float

    def draws(self, draws: int, *, seed: int) -> np.ndarray:
        """Weights, shape (draws, setting.size)."""
        return self.mean + self.sd * np.random.default_rng(seed).standard_normal((draws, self.mean.size))


def complete(first: np.ndarray, x: np.ndarray, y: np.ndarray, rng: np.random.Generator, prior_sd: float = 1.0):
    """Weights of whole networks, shape (draws, 3 · width + 1): to each first layer, a draw of the last layer given it.

    Parameters
    ----------
    first : array, shape (draws, 2, width)
        w1 and b1.
    x, y : array, shape (rows,)
        The readings.
    rng : numpy Generator
    prior_sd : float
        Of every weight.
    """
    columns = features(first, x)
    precision = np.eye(columns.shape[-1]) / prior_sd**2 + columns.mT @ columns / NOISE**2
    mean = np.linalg.solve(precision, (columns.mT @ y / NOISE**2)[..., None])
    eta = rng.standard_normal(mean.shape)
    last = mean + np.linalg.solve(np.linalg.cholesky(precision).mT, eta)  # L⁻ᵀη has covariance (L Lᵀ)⁻¹
    return np.hstack([first.reshape(len(first), -1), last[..., 0]])


def mean_field(settings: Sequence[Setting], *, seed: int, starts: int = 8) -> list[MeanField]:
    """For each setting the best of several fits of mean-field ADVI.

    Parameters
    ----------
    settings : sequence of Setting
    seed : int
    starts : int
        Fits of each setting. Their means start at draws of the prior, of sd 1 where the prior is wider, and their sds
        at a tenth of that; the one of the largest ELBO is kept. Each takes `STEPS` steps of Adam, with `DRAWS` antithetic
        draws, as `helpers.fits.loop.restarts` does them.

    Returns
    -------
    list of MeanField
        One for each setting. The function is compiled once for each number of `starts`.
    """
    return [_best(setting, seed, _fits(setting, seed, starts)) for setting in settings]


def padded_rows(setting: Setting) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and y of the readings, with zeros up to `MOST_ROWS`, and 1 where there is a reading."""
    padding = (0, MOST_ROWS - setting.rows)
    return tuple(np.pad(values, padding) for values in (*setting.readings, np.ones(setting.rows)))


def _used(width):
    """1 for each weight that a network of this width has, 0 for the rest of the padded ones."""
    unit = np.arange(MOST_UNITS) < width
    return np.concatenate([unit, unit, unit, [True]]).astype(float)


def _log_p(problem, u, _):
    """log p(u, y) up to a constant, u of shape (61,)."""
    x, y, shown, used, prior_sd = problem
    w1, b1, w2, b2 = jnp.split(prior_sd * u, [MOST_UNITS, 2 * MOST_UNITS, 3 * MOST_UNITS])
    w2 = w2 * used[:MOST_UNITS]
    # rows along the last axis: the processor then does several at once
    error = y - w2 @ jnp.maximum(w1[:, None] * x + b1[:, None], 0) - b2
    return -0.5 * jnp.sum(u**2) - 0.5 * jnp.sum(shown * error**2) / NOISE**2


@partial(jax.jit, static_argnames="starts")
def _fit_each(problem, seed, *, starts):
    """φ of every fit, shape (starts, 2 · 61)."""
    *_, used, prior_sd = problem
    narrow = jnp.minimum(1, 1 / prior_sd)
    key, key_of_etas = jax.random.split(jax.random.key(seed))
    mean = used * narrow * jax.random.normal(key, (starts, used.size))
    omega = jnp.broadcast_to(used * jnp.log(0.1 * narrow), mean.shape)
    etas = jax.random.normal(key_of_etas, (starts, STEPS, DRAWS // 2, used.size))
    etas = jnp.concatenate([etas, -etas], axis=2)
    fit_phi = partial(loop.fit_phi, partial(_log_p, problem), loop.mean_field, rate=0.1 * jnp.sqrt(narrow))
    return jax.vmap(lambda phi, etas: fit_phi(phi, etas, None)[0])(jnp.hstack([mean, omega]), etas)


def _fits(setting: Setting, seed: int, starts: int) -> list[np.ndarray]:
    """Mean and log sd of u, the weights that the setting has, for every start."""
    used = _used(setting.width)
    problem = (*padded_rows(setting), used, setting.prior_sd)
    return list(np.asarray(_fit_each(problem, seed, starts=starts))[:, np.tile(used > 0, 2)])


def _best(setting: Setting, seed: int, fits: list[np.ndarray]) -> MeanField:
    """The fit of the largest ELBO, measured anew."""
    to_choose, to_report = np.random.default_rng(seed).spawn(2)
    eta = to_choose.standard_normal((500, setting.size))  # the same for all
    phi = max(fits, key=lambda phi: _log_ratios(setting, phi, eta).mean())
    log_ratios = _log_ratios(setting, phi, to_report.standard_normal((4000, setting.size)))
    mean, omega = np.split(phi, 2)
    error = log_ratios.std() / np.sqrt(len(log_ratios))
    return MeanField(
        setting, setting.prior_sd * mean, setting.prior_sd * np.exp(omega), float(log_ratios.mean()), float(error)
    )


def _log_ratios(setting: Setting, phi: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """log p(y, u) − log q(u) at the draws of q that belong to `eta`; the units of u cancel."""
    mean, omega = np.split(phi, 2)
    u = mean + np.exp(omega) * eta
    x, y = setting.readings
    log_likelihood = stats.norm.logpdf(y, outputs(setting.prior_sd * u, x), NOISE).sum(axis=-1)
    return log_likelihood + 0.5 * (eta**2 - u**2).sum(axis=-1) + omega.sum()
