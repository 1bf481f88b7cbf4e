"""A PyMC model as JAX functions of ζ, one flat vector that holds all of its unconstrained parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from jax.flatten_util import ravel_pytree
from pymc.distributions.transforms import Ordered
from pymc.initial_point import make_initial_point_fn
from pymc.logprob.transforms import ChainedTransform, Transform
from pymc.sampling.jax import get_jaxified_graph
from pytensor.graph.replace import graph_replace
from pytensor.link.jax.dispatch import jax_funcify
from pytensor.scalar.math import Log1mexp, Softplus

from helpers.fits.model_checks import check_model, uses

TRIES = 100  # draws of the prior, until one is within what the transformations take


class FlatModel:
    """Log density, start and way back of a PyMC model, all in terms of one vector ζ.

    Parameters
    ----------
    model : pymc.Model
        With continuous parameters only.
    minibatch : sequence of str
        Names of the `pm.Data` whose first axis are the rows of the data set. `log_density` then takes indices of
        rows, evaluates the likelihood on these, and scales it by (rows in the data) / (rows given), so that its
        average over random rows is the full log density. Priors, potentials and what is observed outside these data
        are not scaled.

    Raises
    ------
    NotImplementedError
        For a model with an operation that JAX does not have; the message names it.
    ValueError
        For a discrete or no parameter; for a `pm.Simulator` or anything else that is random given the parameters; for
        a model that cannot be computed; for a model that holds a `pm.Minibatch`, or `total_size` next to `minibatch`;
        for a name in `minibatch` that is not among the model's data, that no likelihood uses, or without rows, or
        with another number of rows than the rest; where data with a row for each observation are left out of `minibatch`.

    Notes
    -----
    It keeps the data, dimensions and coordinates that the model has when it is built: after `pm.set_data`, build anew.

    Values and slopes are finite wherever PyMC's are, also at logits of a thousand, except far in the tails of censored
    and truncated distributions and at scales near zero or infinity: there JAX's slope, and rarely the value, is not.
    """

    def __init__(self, model: pm.Model, minibatch: Sequence[str] = ()):
        self.model = model
        self.minibatch = (minibatch,) if isinstance(minibatch, str) else tuple(minibatch)
        self.value_vars = model.value_vars
        check_model(model, self.minibatch)
        # float64, or float32 where PyTensor is set so
        self.start, self._unravel = ravel_pytree(self._arrays(model.initial_point()))
        if not self.size:
            raise ValueError("model must have at least one parameter that is not observed; all of its are of length 0")
        # all at once, so that a later `pm.set_data` does not mix two data sets
        self.dims = {name: list(dims) for name, dims in model.named_vars_to_dims.items()}
        self.coords = {dim: _as_labels(labels) for dim, labels in model.coords.items() if labels is not None}
        self.constrain = self._constrained()
        self.full_log_density = self._full()
        _trace(self)
        self.log_density = self._minibatched() if self.minibatch else self.full_log_density

    def _arrays(self, point: dict) -> list[jax.Array]:
        """The values of a PyMC point, in the order of PyMC's own log density."""
        return [jnp.asarray(point[v.name], pytensor.config.floatX) for v in self.value_vars]

    @property
    def size(self) -> int:
        """Number of unconstrained parameters."""
        return self.start.size

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each entry of ζ: ``x``, ``x[0]``, or ``sigma_log__`` where PyMC has transformed it."""
        shapes = [part.shape for part in self._unravel(self.start)]
        named = zip((v.name for v in self.value_vars), shapes, strict=True)
        return tuple(f"{name}{list(i) if i else ''}" for name, shape in named for i in np.ndindex(shape))

    def _full(self) -> Callable:
        log_p = _to_jax(self.model, [self.model.logp()])

        def log_density(zeta: jax.Array, rows: None = None) -> jax.Array:
            """log p̃(ζ), Jacobians of the transformations included; ζ of shape (size,)."""
            return log_p(*self._unravel(zeta))[0]

        return log_density

    def _minibatched(self) -> Callable:
        data = [self.model[name] for name in self.minibatch]
        arrays = [jnp.asarray(d.get_value(borrow=True)) for d in data]
        self.rows = len(arrays[0])
        batch = [d.type(name=d.name) for d in data]  # plain inputs in the place of the stored arrays
        in_rows = [rv for rv in self.model.observed_RVs if not uses(self.model, rv).isdisjoint(data)]
        rest = [rv for rv in self.model.observed_RVs if rv not in in_rows]
        prior = self.model.logp(vars=self.model.free_RVs + self.model.potentials + rest)
        likelihood = graph_replace(self.model.logp(vars=in_rows), dict(zip(data, batch, strict=True)))
        log_p = _to_jax(self.model, [prior, likelihood], batch)

        def log_density(zeta: jax.Array, rows: jax.Array) -> jax.Array:
            """Unbiased estimate of log p̃(ζ) from the rows given, shape (batch,)."""
            prior, likelihood = log_p(*self._unravel(zeta), *(a[rows] for a in arrays))
            return prior + self.rows / rows.shape[0] * likelihood

        try:  # a number of rows that fits nothing else
            jax.eval_shape(log_density, self.start, jnp.zeros(self.rows + 1, int))
        except (TypeError, ValueError) as error:
            raise ValueError(
                "minibatch must name all data with one row for each observation, and no parameter may have such rows; "
                f"on some of the rows the likelihood of {', '.join(rv.name for rv in in_rows)} fails with: {error}"
            ) from error
        return log_density

    def terms(self) -> tuple[list[str], Callable]:
        """Names of the variables and potentials, and ζ → their terms of log p̃(ζ), for the data of this moment."""
        variables = self.model.basic_RVs + self.model.potentials
        graph = _to_jax(self.model, self.model.logp(vars=variables, sum=False))
        return [v.name for v in variables], lambda zeta: graph(*self._unravel(zeta))

    @cached_property
    def log_densities(self) -> Callable:
        """ζ of shape (draws, size) → log p̃(ζ), from all rows, shape (draws,)."""
        # a few draws at a time: with many rows more of them would not fit into the processor's cache
        return jax.jit(lambda zeta: jax.lax.map(self.full_log_density, zeta, batch_size=10))

    @cached_property
    def constrain_all(self) -> Callable:
        """ζ of shape (draws, size) → every parameter and deterministic, each of shape (draws, …)."""
        sizes = [math.prod(each.shape) for each in jax.eval_shape(self.constrain, self.start).values()]
        at_once = 10 if all(sizes) else None  # lax.map cannot cut what is empty into batches
        return jax.jit(lambda zeta: jax.lax.map(self.constrain, zeta, batch_size=at_once))

    def _constrained(self) -> Callable:
        variables = self.model.unobserved_RVs
        values = self.model.replace_rvs_by_values(variables)
        graph = _to_jax(self.model, values)

        def constrain(zeta: jax.Array) -> dict[str, jax.Array]:
            """ζ of shape (size,) → every parameter and deterministic of the model, each in its own space."""
            return dict(zip([v.name for v in variables], graph(*self._unravel(zeta)), strict=True))

        return constrain

    def prior_draws(self, draws: int, *, seed: int) -> jax.Array:
        """Draws of ζ from the prior, shape (draws, size): starts for several fits.

        Where a transformation asks for ordered values, the draws are put in order; draws outside of what a
        transformation takes, such as negative ones under a log, are made again.

        Raises
        ------
        NotImplementedError
            For a prior that cannot be drawn from, as `pm.Flat`.
        FloatingPointError
            Where a hundred draws in a row are outside; the message names the variable.
        ValueError
            Where the model's dimensions have changed since this was built.
        """
        transforms = {rv: _sorted_first(each) for rv, each in self.model.rvs_to_transforms.items()}
        model = SimpleNamespace(free_RVs=self.model.free_RVs, rvs_to_transforms=transforms, rvs_to_initial_values={})
        # every variable, also one that has an initial value of its own
        draw = make_initial_point_fn(model=model, overrides=dict.fromkeys(self.model.free_RVs, "prior"))
        sequence = np.random.SeedSequence(seed)
        more = np.random.default_rng(sequence.spawn(1)[0])  # seeds of what is drawn again
        rows = [self._prior_draw(draw, int(s), more) for s in sequence.generate_state(draws)]
        return jnp.asarray(rows, self.start.dtype).reshape(draws, self.size)

    def _prior_draw(self, draw: Callable, seed: int, more: np.random.Generator) -> np.ndarray:
        for _ in range(TRIES):
            try:
                with np.errstate(all="ignore"):
                    point = draw(seed)
            except NotImplementedError as error:
                raise NotImplementedError(
                    f"prior_draws needs priors that can be drawn from: {_first_line(error)}. Give starts of your own"
                ) from error
            row = np.concatenate([np.ravel(point[v.name]) for v in self.value_vars])
            if row.size != self.size:
                raise ValueError(
                    f"the model has {row.size} parameters now, and had {self.size} when this FlatModel was built: "
                    "after pm.set_data with new dimensions, build FlatModel again"
                )
            if np.isfinite(row).all():
                return row
            seed = int(more.integers(2**32))
        outside = [v.name for v in self.value_vars if not np.isfinite(point[v.name]).all()]
        raise FloatingPointError(
            f"{TRIES} draws of the prior are all outside of what the transformation of {', '.join(outside)} takes: "
            "give starts of your own"
        )


def _as_labels(labels: Sequence) -> np.ndarray | list:
    """Coordinates as xarray takes them: tuples one by one, where NumPy would make a table of them."""
    if not any(isinstance(label, tuple) for label in labels):
        return list(labels)
    array = np.empty(len(labels), object)
    array[:] = labels
    return array


def _sorted_first(transform: Transform | None) -> Transform | None:
    """The same transformation, with its values put in order first where it asks for ordered ones."""
    parts = transform.transform_list if isinstance(transform, ChainedTransform) else [transform]
    ascending = [part.ascending for part in parts if isinstance(part, Ordered)]
    if not ascending:
        return transform
    sort = (lambda x: pt.sort(x, axis=-1)) if ascending[0] else (lambda x: -pt.sort(-x, axis=-1))
    return SimpleNamespace(
        name=transform.name,
        forward=lambda value, *inputs: transform.forward(sort(value), *inputs),
        backward=transform.backward,
    )


def _to_jax(model: pm.Model, outputs: list, more: Sequence = ()) -> Callable:
    """`outputs` as a function of the model's parameters, unconstrained, and of what else is given."""
    try:
        return get_jaxified_graph(inputs=[*model.value_vars, *more], outputs=outputs)
    except NotImplementedError as error:
        raise without_jax(error) from error


def without_jax(error: Exception) -> NotImplementedError:
    """What to raise in the place of an error of JAX's about an operation, or a gradient, that it does not have."""
    return NotImplementedError(
        f"model must be made of operations that JAX has: {_first_line(error).rstrip('.')}. PyMC alone can do without: "
        'pm.fit(backend="numba") or pm.sample(backend="numba")'
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _trace(flat: FlatModel) -> None:
    """Raise where the log density or the way back cannot be computed; nothing is compiled or run."""
    try:
        jax.eval_shape(flat.constrain, flat.start)
        jax.eval_shape(flat.full_log_density, flat.start)
    except Exception as error:
        # a shape or a branch that depends on parameters: PyMC's other backends take them
        if isinstance(error, NotImplementedError) or "Tracer" in str(error):
            raise without_jax(error) from error
        raise ValueError(
            f"model cannot be computed: {_first_line(error)} (point_logps() of the PyMC model may say where)"
        ) from error


# PyTensor's own forms choose between branches by `where`, and the slope of a branch not chosen can be NaN, which
# JAX multiplies by zero: NaN. (In PyTensor's own gradients, `pm.fit`'s, there is no such thing.)
@jax_funcify.register(Softplus)
def _softplus(op, **kwargs) -> Callable:
    return jax.nn.softplus


@jax_funcify.register(Log1mexp)
def _log1mexp(op, **kwargs) -> Callable:
    def log1mexp(x: jax.Array) -> jax.Array:
        """log(1 − exp(x)); each branch sees only numbers that it can take."""
        near = x > -jnp.log(2)
        by_expm1 = jnp.log(-jnp.expm1(jnp.where(near, x, -1)))
        return jnp.where(near, by_expm1, jnp.log1p(-jnp.exp(jnp.where(near, -1, x))))

    return log1mexp
