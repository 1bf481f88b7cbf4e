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


class FlatModel:
    """Log density, start and way back of a PyMC model, all in terms of one vector ζ.

    Parameters
    ----------
    model : pymc.Model
        With continuous parameters only.
    minibatch : sequence of str
        Names of the `pm.Data` whose first axis are the rows of the data set. `log_density` then takes indices of
        rows, evaluates the likelihood on these, and scales it by (rows in the data) / (rows given), so that its
        average over random rows is the full log density. Priors and potentials are not scaled.

    Raises
    ------
    ValueError
        For a discrete or no parameter; for a model that holds a `pm.Minibatch`, or `total_size` next to `minibatch`;
        for a name in `minibatch` that is not among the model's data, or with another number of rows than the rest.
    """

    def __init__(self, model: pm.Model, minibatch: Sequence[str] = ()):
        self.model = model
        self.minibatch = tuple(minibatch)
        self.value_vars = model.value_vars
        _check(model, self.minibatch)
        # float64, or float32 where PyTensor is set so
        self.start, self._unravel = ravel_pytree(self._arrays(model.initial_point()))
        self.log_density = self._minibatched() if self.minibatch else self._full()

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

    @property
    def rows(self) -> int:
        """Number of rows in the data that `minibatch` names."""
        return len(self.model[self.minibatch[0]].get_value(borrow=True))

    def _full(self) -> Callable:
        log_p = get_jaxified_graph(inputs=self.value_vars, outputs=[self.model.logp()])

        def log_density(zeta: jax.Array, rows: None = None) -> jax.Array:
            """log p̃(ζ), Jacobians of the transformations included; ζ of shape (size,)."""
            return log_p(*self._unravel(zeta))[0]

        return log_density

    def _minibatched(self) -> Callable:
        data = [self.model[name] for name in self.minibatch]
        arrays = [jnp.asarray(d.get_value(borrow=True)) for d in data]
        batch = [d.type(name=d.name) for d in data]  # plain inputs in the place of the stored arrays
        prior = self.model.logp(vars=self.model.free_RVs + self.model.potentials)
        likelihood = graph_replace(self.model.logp(vars=self.model.observed_RVs), dict(zip(data, batch, strict=True)))
        log_p = get_jaxified_graph(inputs=[*self.value_vars, *batch], outputs=[prior, likelihood])

        def log_density(zeta: jax.Array, rows: jax.Array) -> jax.Array:
            """Unbiased estimate of log p̃(ζ) from the rows given, shape (batch,)."""
            prior, likelihood = log_p(*self._unravel(zeta), *(a[rows] for a in arrays))
            return prior + self.rows / rows.shape[0] * likelihood

        return log_density

    @cached_property
    def log_densities(self) -> Callable:
        """ζ of shape (draws, size) → log p̃(ζ), from all rows, shape (draws,)."""
        rows = jnp.arange(self.rows) if self.minibatch else None
        # one draw after another: with many rows a draw alone fills the memory's bandwidth
        return jax.jit(lambda zeta: jax.lax.map(lambda z: self.log_density(z, rows), zeta, batch_size=100))

    @cached_property
    def constrain(self) -> Callable:
        """ζ of shape (size,) → dict of every parameter and deterministic of the model, each in its own space."""
        named = {*self.model.free_RVs, *self.model.deterministics}
        variables = [v for v in self.model.unobserved_RVs if v in named]
        values = self.model.replace_rvs_by_values(variables)
        graph = get_jaxified_graph(inputs=self.value_vars, outputs=values)
        return lambda zeta: dict(zip([v.name for v in variables], graph(*self._unravel(zeta)), strict=True))

    def prior_draws(self, draws: int, *, seed: int) -> jax.Array:
        """Draws of ζ from the prior, shape (draws, size): starts for several fits."""
        draw = make_initial_point_fn(model=self.model, default_strategy="prior")
        seeds = np.random.SeedSequence(seed).generate_state(draws)
        return jnp.stack([ravel_pytree(self._arrays(draw(int(s))))[0] for s in seeds])


def _check(model: pm.Model, minibatch: tuple[str, ...]) -> None:
    """Raise `ValueError` for a model or data that `FlatModel` cannot take."""
    if not model.free_RVs:
        raise ValueError("model must have at least one parameter that is not observed")
    discrete = [rv.name for rv in model.free_RVs if rv.dtype.startswith(("int", "bool", "uint"))]
    if discrete:
        raise ValueError(f"model must have continuous parameters only; discrete: {', '.join(discrete)}")
    observed = [*model.observed_RVs, *(model.rvs_to_values[rv] for rv in model.observed_RVs)]
    operations = [v.owner.op for v in ancestors(observed) if v.owner]
    if any(isinstance(op, MinibatchOp) for op in operations):
        raise ValueError("model must not hold a pm.Minibatch: give it all rows as pm.Data, and name them in minibatch")
    if minibatch and any(isinstance(op, MinibatchRandomVariable) for op in operations):
        raise ValueError("model must not say total_size where minibatch is given, which scales the likelihood itself")
    named = {d.name: d for d in model.data_vars}
    unknown = [name for name in minibatch if name not in named]
    if unknown:
        known = ", ".join(map(repr, named)) or "none; wrap the arrays in pm.Data"
        raise ValueError(f"minibatch must name data of the model ({known}); got {unknown[0]!r}")
    rows = {name: len(named[name].get_value(borrow=True)) for name in minibatch}
    if len(set(rows.values())) > 1:
        raise ValueError(f"minibatch must name data with equally many rows; got {rows}")
