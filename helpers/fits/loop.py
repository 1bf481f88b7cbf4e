"""ADVI as one compiled loop over the log density of a PyMC model, with what a quiet gradient needs.

`mean_field`, `full_rank` and `fit_phi` stand word for word in the chapter on this loop, which explains them; a test compares them.
"""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.scipy.stats import norm

from helpers.fits.complaints import check_circles, check_initial_point, complaint
from helpers.fits.flat_model import FlatModel, without_jax
from helpers.fits.gaussian_fit import GaussianFit
from helpers.validate import check_among, check_count, check_positive


def mean_field(phi):
    """The normal with φ = (μ, log σ): how it makes ζ from η, and its log density at ζ."""
    mu, omega = jnp.split(phi, 2)
    return lambda eta: mu + jnp.exp(omega) * eta, lambda zeta: norm.logpdf(zeta, mu, jnp.exp(omega)).sum(-1)


def full_rank(phi):
    """The normal N(μ, LLᵀ) with φ = (μ, log diagonal of L, rest of L): the same two."""
    size = round((2 * phi.size + 2.25) ** 0.5 - 1.5)  # φ holds size + size (size + 1) / 2 numbers
    mu, omega, rest = jnp.split(phi, [size, 2 * size])
    factor = jnp.diag(jnp.exp(omega)).at[jnp.tril_indices(size, -1)].set(rest)

    def log_q(zeta):
        return norm.logpdf(solve_triangular(factor, (zeta - mu).T, lower=True)).sum(0) - omega.sum()

    return lambda eta: mu + eta @ factor.T, log_q


def fit_phi(log_p, family, phi, etas, rows, rate=0.05, stl=True, decay=True, average=True):
    """Adam on −ELBO, one step for each entry of `etas`: φ, and the losses on the way.

    Parameters
    ----------
    log_p : function of (ζ, rows)
        The log density of one ζ, shape (size,), up to a constant.
    family : function of (φ, η)
        `mean_field` or `full_rank`.
    phi : array
        To begin with.
    etas : array, shape (steps, draws, size)
        Standard normal draws.
    rows : array, shape (steps, batch), or None
        Of the data, for each step; None for all.
    rate : float
        Of Adam: the length of a step of each entry of φ.
    stl : bool
        Leave the part of the gradient out whose mean is zero ("sticking the landing", arXiv:1703.09194).
    decay : bool
        Let the rate fall to zero.
    average : bool
        Return the mean of the last half of the iterates.
    """
    steps = len(etas)

    def loss(phi, eta, rows):
        push, log_q = family(phi)
        if stl:  # sticking the landing: log q's own slope averages to zero, and only adds noise
            _, log_q = family(jax.lax.stop_gradient(phi))
        zeta = push(eta)
        return jnp.mean(log_q(zeta) - jax.vmap(log_p, (0, None))(zeta, rows))

    def step(state, now):
        phi, mean, square, total = state
        t, eta, rows = now
        value, g = jax.value_and_grad(loss)(phi, eta, rows)
        mean, square = 0.9 * mean + 0.1 * g, 0.99 * square + 0.01 * g**2
        direction = mean / (1 - 0.9 ** (t + 1)) / (jnp.sqrt(square / (1 - 0.99 ** (t + 1))) + 1e-8)
        phi = phi - rate * direction * (0.5 * (1 + jnp.cos(jnp.pi * t / steps)) if decay else 1)
        return (phi, mean, square, total + jnp.where(t < steps // 2, 0, phi)), value

    zero = jnp.zeros_like(phi)
    state, losses = jax.lax.scan(step, (phi, zero, zero, zero), (jnp.arange(steps), etas, rows))
    return state[-1] / (steps - steps // 2) if average else state[0], losses


def shuffled_epochs(rows: int, steps: int, batch_size: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of the rows of each step, shape (steps, batch_size): all rows in random order, and then all again.

    Within an epoch each row is used once, so that what one step has too much of, the others have too little
    (random reshuffling; Mishchenko, Khaled and Richtárik 2020, arXiv:2006.05988).

    Parameters
    ----------
    rows : int
        Of the whole table.
    steps : int
    batch_size : int
        Rows in each step.
    rng : numpy Generator
    """
    epochs = -(-steps * batch_size // rows)
    order = np.concatenate([rng.permutation(np.arange(rows, dtype=np.int32)) for _ in range(epochs)])
    return order[: steps * batch_size].reshape(steps, batch_size)


AT_ONCE = 2**18, 2**21  # normal numbers: a few milliseconds, or some dozens


def normals(key: jax.Array, shape: tuple[int, ...], dtype) -> jax.Array:
    """The numbers of `jax.random.normal(key, shape, dtype)`, with two compilations for all small arrays.

    JAX compiles its generator for each shape anew, which takes longer than many a fit. The first numbers of a long
    array are those of a short one, so what is short is cut from one of two lengths.

    Parameters
    ----------
    key : JAX key
    shape : tuple of int
    dtype : dtype
    """
    size = math.prod(shape)
    enough = [length for length in AT_ONCE if length >= size]
    if not enough:
        return jax.random.normal(key, shape, dtype)
    return jnp.asarray(np.asarray(jax.random.normal(key, (enough[0],), dtype))[:size].reshape(shape))


FAMILIES = {"mean-field": mean_field, "full-rank": full_rank}


def advi(model: FlatModel, *, start=None, **arguments) -> GaussianFit:
    """Fit a Gaussian to the posterior of `model`, from one start; arguments and errors as `restarts`.

    Parameters
    ----------
    start : array, shape (size,), optional
        Where the mean of q starts; PyMC's initial point by default.
    """
    if start is None:
        check_initial_point(model)
        start = model.start
    return restarts(model, [start], **arguments)[0]


def restarts(
    model: FlatModel,
    starts,
    *,
    seed: int,
    family: str = "mean-field",
    steps: int = 5000,
    draws: int = 8,
    rate: float = 0.05,
    start_sd: float = 1.0,
    batch_size: int | None = None,
    antithetic: bool = True,
    stl: bool = True,
    decay: bool = True,
    average: bool = True,
) -> list[GaussianFit]:
    """Fit a Gaussian to the posterior of `model` from every start, all at once.

    Parameters
    ----------
    model : FlatModel
    starts : array, shape (fits, size)
        Where the means start.
    family : str
        "mean-field" (independent parameters) or "full-rank".
    steps : int
        Steps of Adam (Kingma and Ba 2015, arXiv:1412.6980), b1 = 0.9, b2 = 0.99.
    draws : int
        Draws of η in each step.
    rate : float
        Learning rate at the start.
    start_sd : float
        Standard deviation of q at the start, the same in every direction.
    batch_size : int, optional
        Rows in each step, in the order of `shuffled_epochs`; needed where the model names a `minibatch`.
    antithetic : bool
        Antithetic draws: with each η also −η.
    stl : bool
        "Sticking the landing": leave out the part of the gradient that averages to zero (Roeder, Wu and Duvenaud
        2017, arXiv:1703.09194).
    decay : bool
        Let the learning rate fall to zero along a cosine.
    average : bool
        Return the average of φ over the second half of the steps (Dhaka et al. 2020, arXiv:2009.00666), not the last.

    Returns
    -------
    list of GaussianFit
        One for each start.

    Raises
    ------
    ValueError
        For an argument out of range; the message says what is allowed. From `advi` also where PyMC's initial point is
        not finite.
    NotImplementedError
        Where JAX does not have the gradient of an operation of the model; the message names it.
    FloatingPointError
        Where a fit ended in NaN or infinity, or met them in the second half of its steps. The message tells data that
        the model cannot have (NaN, infinity, outside the support of the likelihood), and a variable that lacks a
        transformation, from a fit that diverged. Also where q has become wider than the circle of a circular variable.

    Notes
    -----
    The steps are one compiled loop: an interrupt takes effect when it ends.
    """
    starts = _as_starts(model, starts)
    counts = {"steps": steps, "draws": draws} | ({} if batch_size is None else {"batch_size": batch_size})
    _check(model, family, counts, {"rate": rate, "start_sd": start_sd})
    if antithetic and draws % 2:
        raise ValueError(f"draws must be even with antithetic=True, got {draws}")
    # all at once: inside the loop the generator would take most of the time
    shape = (len(starts), steps, draws // (1 + antithetic), model.size)
    etas = normals(jax.random.key(seed), shape, starts.dtype)
    etas = jnp.concatenate([etas, -etas], axis=2) if antithetic else etas
    rng = np.random.default_rng(seed)
    rows = None
    if batch_size is not None:
        rows = np.stack([shuffled_epochs(model.rows, steps, batch_size, rng) for _ in starts])
    below = model.size * (model.size - 1) // 2 if family == "full-rank" else 0
    # NumPy's, since outside of the compiled loop each operation of JAX's would be a compilation of its own
    phi = np.hstack([starts, np.full_like(starts, np.log(start_sd)), np.zeros((len(starts), below), starts.dtype)])
    options = {"rate": rate, "stl": stl, "decay": decay, "average": average}
    found, losses = _fit_all(model.log_density, FAMILIES[family], phi, etas, rows, **options)
    for k, (each, loss) in enumerate(zip(found, losses, strict=True)):
        # one bad row among the minibatches shows in few steps only
        late = loss[steps // 2 :]
        broken = late[~np.isfinite(late)]
        if broken.size or not np.isfinite(each).all():
            loss = broken[0] if broken.size else loss[-1]
            raise FloatingPointError(complaint(model, k, each, loss, start=starts[k], start_sd=start_sd))
    fits = [GaussianFit.from_phi(model, *each) for each in zip(found, losses, strict=True)]
    for k, fit in enumerate(fits):
        check_circles(model, k, fit.sd)
    return fits


def _fit_all(*arguments, **options) -> tuple[np.ndarray, np.ndarray]:
    try:
        found, losses = _compiled(*arguments, **options)
    except (NotImplementedError, TypeError, ValueError) as error:  # an operation without a gradient
        raise without_jax(error) from error
    return np.asarray(found), np.asarray(losses)


@partial(jax.jit, static_argnames=("log_p", "family", "stl", "decay", "average"))
def _compiled(log_p, family, phi, etas, rows, **options):
    return jax.vmap(partial(fit_phi, log_p, family, **options))(phi, etas, rows)


def _as_starts(model: FlatModel, starts) -> np.ndarray:
    message = f"each start must hold {model.size} finite numbers, one for each of {', '.join(model.labels[:8])}"
    message += ", …" * (model.size > 8)
    try:
        starts = np.array(starts, dtype=model.start.dtype, ndmin=2)
    except (TypeError, ValueError) as error:  # words, or starts of several lengths
        raise ValueError(message) from error
    if starts.ndim != 2 or starts.shape[1] != model.size or not np.isfinite(starts).all():
        raise ValueError(message)
    return starts


def _check(model: FlatModel, family: str, counts: dict, positive: dict) -> None:
    check_among(FAMILIES, family=family)
    check_count(**counts)
    check_positive(**positive)
    if bool(model.minibatch) != ("batch_size" in counts):
        raise ValueError("batch_size must be given where the model names a minibatch, and only there")
