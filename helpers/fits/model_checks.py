"""What a PyMC model must be, so that it can be a function of one vector; and what it depends on."""

from __future__ import annotations

import pymc as pm
from pymc.data import MinibatchOp
from pymc.distributions.simulator import SimulatorRV
from pymc.pytensorf import find_rng_nodes
from pymc.variational.minibatch_rv import MinibatchRandomVariable
from pytensor.graph.traversal import ancestors


def uses(model: pm.Model, *variables) -> set:
    """All that the log density of these variables of the model is computed from."""
    return set(ancestors([*variables, *(model.rvs_to_values[v] for v in variables if v in model.rvs_to_values)]))


def subsampling(model: pm.Model) -> list[str]:
    """Which of "pm.Minibatch" and "total_size" the log density of the model depends on."""
    operations = [v.owner.op for v in uses(model, *model.basic_RVs, *model.potentials) if v.owner]
    kinds = {"pm.Minibatch": MinibatchOp, "total_size": MinibatchRandomVariable}
    return [name for name, kind in kinds.items() if any(isinstance(op, kind) for op in operations)]


def check_all_rows(model: pm.Model) -> None:
    """Raise `ValueError` for a model whose log density is not that of all rows, each counted once."""
    says = {
        "pm.Minibatch": "pm.Minibatch, so its log density is random",
        "total_size": "total_size, which scales the likelihood",
    }
    if found := subsampling(model):
        raise ValueError(
            f"model holds {' and '.join(says[name] for name in found)}: build the same model once more, "
            "with all rows (as pm.Data) and without total_size, and pass that; a fit is matched by the names of "
            "its variables. `approximate` can do with some of the rows: name the data in FlatModel(model, "
            "minibatch=[...]), and say how many in rows"
        )


def random_given_parameters(model: pm.Model) -> list[str]:
    """Which deterministics and potentials depend on a draw that is no variable of the model."""
    variables = [*model.deterministics, *model.potentials]
    values = model.replace_rvs_by_values(variables)
    return [v.name for v, value in zip(variables, values, strict=True) if find_rng_nodes([value])]


def check_model(model: pm.Model, minibatch: tuple[str, ...]) -> None:
    """Raise `ValueError` for a model or data that `FlatModel` cannot take."""
    if not model.free_RVs:
        raise ValueError("model must have at least one parameter that is not observed")
    discrete = [rv.name for rv in model.free_RVs if rv.dtype.startswith(("int", "bool", "uint"))]
    if discrete:
        raise ValueError(
            f"model must have continuous parameters only; discrete: {', '.join(discrete)}. Sum over its values: with "
            "pm.Mixture, or with pm.logsumexp in a pm.Potential; leave out rows whose label is missing"
        )
    simulators = [rv.name for rv in model.basic_RVs if isinstance(rv.owner.op, SimulatorRV)]
    if simulators:
        raise ValueError(
            f"model must have a density; a pm.Simulator has none: {', '.join(simulators)}. Use pm.sample_smc"
        )
    random = random_given_parameters(model)
    found = subsampling(model)
    if "pm.Minibatch" in found:
        raise ValueError("model must not hold a pm.Minibatch: give it all rows as pm.Data, and name them in minibatch")
    if random:
        raise ValueError(
            f"model must hold nothing that is random given its parameters: {', '.join(random)} depends on a draw from "
            "a .dist(). Give that a name, as a variable of the model; predictions: pm.sample_posterior_predictive"
        )
    _check_minibatch(model, minibatch, "total_size" in found)


def _check_minibatch(model: pm.Model, minibatch: tuple[str, ...], total_size: bool) -> None:
    if minibatch and total_size:
        raise ValueError("model must not say total_size where minibatch is given, which scales the likelihood itself")
    named = {d.name: d for d in model.data_vars}
    unknown = [name for name in minibatch if name not in named]
    if unknown:
        known = ", ".join(map(repr, named)) or "none; wrap the arrays in pm.Data"
        raise ValueError(f"minibatch must name data of the model ({known}); got {unknown[0]!r}")
    used = uses(model, *model.observed_RVs)
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
