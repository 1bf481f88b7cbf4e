"""A PyMC model as JAX functions of ζ, one flat vector that holds all of its unconstrained parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import pymc as pm
import pytensor
from jax.flatten_util import ravel_pytree
from pymc.data import MinibatchOp
from pymc.initial_point import make_initial_point_fn
from pymc.sampling.jax import get_jaxified_graph
from pymc.variational.minibatch_rv import MinibatchRandomVariable
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors
from pytensor.link.jax.dispatch import jax_funcify
from pytensor.scalar.math import Log1mexp, Softplus


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
        For a discrete or no parameter; for a model that holds a `pm.Minibatch`, or `total_size` next to `minibatch`;
        for a name in `minibatch` that is not among the model's data, that no likelihood uses, or without rows, or
        with another number of rows than the rest; where data with a row for each observation are left out of `minibatch`.

    Notes
    -----
    Values and slopes are finite wherever PyMC's are, also at logits of a thousand, except far in the tails of censored
    and truncated distributions and at scales near zero or infinity: there JAX's slope, and rarely the value, is not.
    """

    def __init__(self, model: pm.Model, minibatch: Sequence[str] = ()):
        self.model = model
        self.minibatch = (minibatch,) if isinstance(minibatch, str) else tuple(minibatch)
        self.value_vars = model.value_vars
        _check(model, self.minibatch)
        # float64, or float32 where PyTensor is set so
        self.start, self._unravel = ravel_pytree(self._arrays(model.initial_point()))
        # all three at once, so that a later `pm.set_data` does not mix two data sets
        self.constrain = self._constrained()
        self.full_log_density = self._full()
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
        log_p = _to_jax(inputs=self.value_vars, outputs=[self.model.logp()])

        def log_density(zeta: jax.Array, rows: None = None) -> jax.Array:
            """log p̃(ζ), Jacobians of the transformations included; ζ of shape (size,)."""
            return log_p(*self._unravel(zeta))[0]

        return log_density

    def _minibatched(self) -> Callable:
        data = [self.model[name] for name in self.minibatch]
        arrays = [jnp.asarray(d.get_value(borrow=True)) for d in data]
        self.rows = len(arrays[0])
        batch = [d.type(name=d.name) for d in data]  # plain inputs in the place of the stored arrays
        in_rows = [rv for rv in self.model.observed_RVs if not _uses(self.model, rv).isdisjoint(data)]
        rest = [rv for rv in self.model.observed_RVs if rv not in in_rows]
        prior = self.model.logp(vars=self.model.free_RVs + self.model.potentials + rest)
        likelihood = graph_replace(self.model.logp(vars=in_rows), dict(zip(data, batch, strict=True)))
        log_p = _to_jax(inputs=[*self.value_vars, *batch], outputs=[prior, likelihood])

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

    @cached_property
    def log_densities(self) -> Callable:
        """ζ of shape (draws, size) → log p̃(ζ), from all rows, shape (draws,)."""
        # a few draws at a time: with many rows more of them would not fit into the processor's cache
        return jax.jit(lambda zeta: jax.lax.map(self.full_log_density, zeta, batch_size=10))

    def _constrained(self) -> Callable:
        variables = self.model.unobserved_RVs
        values = self.model.replace_rvs_by_values(variables)
        graph = _to_jax(inputs=self.value_vars, outputs=values)

        def constrain(zeta: jax.Array) -> dict[str, jax.Array]:
            """ζ of shape (size,) → every parameter and deterministic of the model, each in its own space."""
            return dict(zip([v.name for v in variables], graph(*self._unravel(zeta)), strict=True))

        return constrain

    def prior_draws(self, draws: int, *, seed: int) -> jax.Array:
        """Draws of ζ from the prior, shape (draws, size): starts for several fits."""
        # every variable, also one that has an initial value of its own
        draw = make_initial_point_fn(model=self.model, overrides=dict.fromkeys(self.model.free_RVs, "prior"))
        seeds = np.random.SeedSequence(seed).generate_state(draws)
        points = (draw(int(s)) for s in seeds)
        rows = [np.concatenate([np.ravel(point[v.name]) for v in self.value_vars]) for point in points]
        return jnp.asarray(rows, self.start.dtype)


def _to_jax(inputs: list, outputs: list) -> Callable:
    try:
        return get_jaxified_graph(inputs=inputs, outputs=outputs)
    except NotImplementedError as error:
        raise NotImplementedError(
            f"model must be made of operations that JAX has: {str(error).splitlines()[0]}. PyMC alone can do without: "
            'pm.fit(backend="numba") or pm.sample(backend="numba")'
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


def _uses(model: pm.Model, *variables) -> set:
    """All that the log density of these variables of the model is computed from."""
    return set(ancestors([*variables, *(model.rvs_to_values[v] for v in variables if v in model.rvs_to_values)]))


def subsampling(model: pm.Model) -> list[str]:
    """Which of "pm.Minibatch" and "total_size" the log density of the model depends on."""
    operations = [v.owner.op for v in _uses(model, *model.basic_RVs, *model.potentials) if v.owner]
    kinds = {"pm.Minibatch": MinibatchOp, "total_size": MinibatchRandomVariable}
    return [name for name, kind in kinds.items() if any(isinstance(op, kind) for op in operations)]


def _check(model: pm.Model, minibatch: tuple[str, ...]) -> None:
    """Raise `ValueError` for a model or data that `FlatModel` cannot take."""
    if not model.free_RVs:
        raise ValueError("model must have at least one parameter that is not observed")
    discrete = [rv.name for rv in model.free_RVs if rv.dtype.startswith(("int", "bool", "uint"))]
    if discrete:
        raise ValueError(f"model must have continuous parameters only; discrete: {', '.join(discrete)}")
    found = subsampling(model)
    if "pm.Minibatch" in found:
        raise ValueError("model must not hold a pm.Minibatch: give it all rows as pm.Data, and name them in minibatch")
    if minibatch and "total_size" in found:
        raise ValueError("model must not say total_size where minibatch is given, which scales the likelihood itself")
    named = {d.name: d for d in model.data_vars}
    unknown = [name for name in minibatch if name not in named]
    if unknown:
        known = ", ".join(map(repr, named)) or "none; wrap the arrays in pm.Data"
        raise ValueError(f"minibatch must name data of the model ({known}); got {unknown[0]!r}")
    used = _uses(model, *model.observed_RVs)
    unused = [name for name in minibatch if named[name] not in used]
    if unused:
        raise ValueError(f"minibatch must name data that a likelihood uses; none uses {unused[0]!r}")
    single = [name for name in minibatch if not named[name].ndim]
    if single:
        raise ValueError(f"minibatch must name data with rows; {single[0]!r} is a single number")
    rows = {name: len(named[name].get_value(borrow=True)) for name in minibatch}
    if 0 in rows.values():
        raise ValueError(f"minibatch must name data with at least one row; got {rows}")
    if len(set(rows.values())) > 1:
        raise ValueError(f"minibatch must name data with equally many rows; got {rows}")
