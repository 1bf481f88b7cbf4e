"""The benchmarks: that they compare like with like, go on where they stopped, and say what is not reached."""

import inspect
import json
import re
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.infer.util import potential_energy
from scipy import special

from benchmarks import __main__ as main
from benchmarks import fits, growth, keys, particles, policy, problems, report, start
from benchmarks.problems import PROBLEMS, quadrature_elbo, readings
from benchmarks.report import TITLES
from helpers import startup
from helpers.fits import FlatModel, GaussianFit, advi
from helpers.pictures import svgd_menu


@pytest.mark.parametrize("key", [key for key in PROBLEMS if key != "minibatch"])  # that one: the next test
def test_both_models_have_the_same_log_density(key):
    problem = PROBLEMS[key]
    model = problem.flat()
    names = [variable.name for variable in model.model.free_RVs]
    shapes = [np.shape(v) for v in model.constrain(model.start).values()]
    for seed in range(3):
        zeta = np.random.default_rng(seed).normal(size=model.size)
        cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        parts = [jnp.reshape(p, s) for p, s in zip(np.split(zeta, cuts), shapes, strict=True)]
        energy = potential_energy(problem.numpyro_model, (), {}, dict(zip(names, parts, strict=True)))
        assert float(model.full_log_density(zeta)) == pytest.approx(-float(energy), rel=1e-6)


@pytest.fixture(scope="module")
def minibatch():
    """The problem of minibatches with a hundredth of its rows, and its model: nothing that is tested hangs on how many."""
    of_all_rows = problems.readings, problems.sums, problems.sensors_best
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(problems, "ROWS", 4_000)
        for function in of_all_rows:
            function.cache_clear()
        yield PROBLEMS["minibatch"], PROBLEMS["minibatch"].flat()
    for function in of_all_rows:
        function.cache_clear()


def test_both_models_have_the_same_log_density_of_a_batch(minibatch):
    (problem, model), rows = minibatch, np.arange(0, 4_000, 8)
    zeta = np.random.default_rng(1).normal(size=200)
    params = {"mu": zeta[:100], "sigma": zeta[100:]}
    energy = potential_energy(problem.numpyro_model, (jnp.asarray(readings()[rows]),), {}, params)
    assert float(model.log_density(zeta, rows)) == pytest.approx(-float(energy), rel=1e-6)


def test_the_minibatch_problems_exact_elbo_is_the_models(minibatch):
    problem, model = minibatch
    mean = np.concatenate([2 + np.zeros(100), np.zeros(100)])
    q = GaussianFit(model, mean, np.full(200, 1e-6))  # so narrow that E[log p] is log p at the mean
    entropy = 100 * np.log(2 * np.pi * np.e) + 200 * np.log(1e-6)
    assert problem.best() - problem.behind(q) - entropy == pytest.approx(float(model.full_log_density(mean)), rel=1e-6)


@pytest.mark.parametrize("key", ["student-t", "logit-beta", "logistic", "logistic-full", "mixture"])
def test_best_of_the_family_is_reached_and_not_passed(key):
    problem = PROBLEMS[key]
    found = fits.rung(problem, fits.ours(problem, problem.flat(), 0.05, True, 2), 4_000, seeds=(1, 2, 3))
    assert -1e-4 < min(found["behind"]) and np.median(found["behind"]) < problem.allowed / 5


def test_quadrature_elbo_of_a_normal_is_a_formula():
    model = PROBLEMS["mixture"].flat()
    q = GaussianFit(model, np.array([0.5]), np.array([0.1]))  # the other mode is 8 sds away
    assert quadrature_elbo(q) == pytest.approx(np.log(0.8), abs=1e-4)


def test_particles_that_are_the_target_are_near_it():
    rng = np.random.default_rng(1)
    x = 1.2 * rng.standard_normal(100_000)
    exact = np.column_stack([x, 0.4 * x**2 - 1 + 0.5 * rng.standard_normal(100_000)])
    assert particles.distance(exact) < 0.03  # the window leaves out 1 % of the mass
    assert particles.distance(exact + [0.5 * 1.2, 0]) == pytest.approx(0.5, abs=0.03)


def test_truth_of_the_start_is_that_of_weighted_draws():
    x, y = start.data()
    mean, sd = start.truth(x, y)
    w = mean + 2 * sd * np.random.default_rng(1).standard_normal((200_000, 2))
    z = w[:, :1] + w[:, 1:] * x
    log_p = (y * z - np.logaddexp(0, z)).sum(axis=1) - (w**2).sum(axis=1) / 50
    weights = special.softmax(log_p + 0.5 * (((w - mean) / sd / 2) ** 2).sum(axis=1))
    np.testing.assert_allclose((weights @ w - mean) / sd, 0, atol=0.03)
    np.testing.assert_allclose(np.sqrt(weights @ (w - mean) ** 2) / sd, 1, atol=0.03)


def test_pools_hold_every_row_of_the_files_once_and_well_mixed(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "PIECE", 1_000)
    monkeypatch.setattr(growth, "BLOCK", 50)
    paths = growth.write(tmp_path, 3_000)
    rows = np.concatenate([np.load(path) for path in paths])
    pools = list(growth.pools(paths, np.random.default_rng(1)))
    assert [pool.shape for pool in pools] == 12 * [(250, 3)]
    assert {pool.dtype for pool in pools} == {np.dtype("float32")}
    read = np.concatenate(pools)
    np.testing.assert_array_equal(read[np.argsort(read[:, 0])], rows)  # the files are sorted by their first column
    steps_up = [(np.diff(pool[:, 0]) > 0).mean() for pool in pools]
    np.testing.assert_allclose(steps_up, 0.5, atol=0.1)  # sd 0.02; in the files' order 1
    assert np.std([pool[:, 0].mean() for pool in pools]) < 0.45  # 0.25 ± 0.05 for blocks at random; in order 0.58


def results(**more):
    return {
        "group": "fits",
        "module": "fits",
        "name": "logistic/ours",
        "state": "cold",
        "wall": 1.0,
        "date": "2026-01-01",
    } | more


def rungs(*behind):
    return [{"steps": s, "first": 2.0, "seconds": [0.25 * s], "behind": [b]} for s, b in enumerate(behind, 1)]


def test_table_tells_reached_from_not_reached():
    reached = results(allowed=0.01, setting="x", rungs=rungs(0.5, 0.005, 0.001))
    never = results(name="logistic/published", allowed=0.01, setting="x", rungs=rungs(0.5))
    broken = results(name="logistic/others", error="ValueError: no")
    page = report.page([reached, never, broken], "versions")
    assert "| 500 ms (500 ms to 500 ms; first call 2.0 s) |" in page and "not reached: 0.5 nats after 250 ms" in page
    assert "logistic/others: ValueError: no" in page and page.count("not measured") >= 1
    assert "Start" not in page  # a group without results has no section


def test_quick_fits_are_timed_three_times_and_slow_ones_once(monkeypatch):
    for seconds, calls in ((0.05, 3), (0.5, 1)):
        clock, made = [0.0], []
        monkeypatch.setattr(fits.time, "perf_counter", lambda clock=clock: clock[0])

        def fit(steps, seed, clock=clock, made=made, seconds=seconds):
            clock[0] += seconds + 0.01 * (not made)  # the first is the slowest
            made.append(steps)

        assert fits.timed(fit, 250, 1)[1] == pytest.approx(seconds + 0.01 * (calls == 1))
        assert len(made) == calls


@pytest.mark.parametrize(("value", "text"), [(0.0012, "1.2 ms"), (0.05, "50 ms"), (2.0, "2.0 s"), (1234.0, "1,234 s")])
def test_seconds_have_two_or_three_digits(value, text):
    assert report.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(-4e-5, "< 0.001"), (0.0743, "0.074"), (7.63e7, "76,000,000"), (-0.31, "−0.31")]
)
def test_numbers_have_two_digits(value, text):
    assert report.number(value) == text


def test_goes_on_where_it_stopped(tmp_path, monkeypatch):
    calls, file = [], tmp_path / "results.jsonl"
    monkeypatch.setattr(main, "run", lambda case, home: calls.append(case.name) or {"wall": 1.0})
    case = main.Case("start", "start", "ours", "cold")
    main.measure(case, 2, [], file)
    assert len(calls) == 2
    file.write_text(file.read_text() + '\n{"group": "interf')  # an interruption in mid-line
    main.measure(case, 3, main.stored(file), file)
    assert len(calls) == 3 and len(main.stored(file)) == 3
    main.measure(case, 0, [], file)
    assert len(calls) == 3
    monkeypatch.setattr(main, "versions", lambda: "others")
    assert main.stored(file) == []


def test_results_of_older_code_stay_until_there_are_others(tmp_path, monkeypatch):
    codes, file = {"start": "old"}, tmp_path / "results.jsonl"
    monkeypatch.setattr(main, "run", lambda case, home: {"wall": 1.0, "error_sd": 0.1})
    monkeypatch.setattr(main, "code", lambda module, name="": codes[module])
    cases = [main.Case("start", "start", name, "cold") for name in ("ours", "advi")]
    for case in cases:
        main.measure(case, 2, [], file)
    before = main.stored(file)
    assert main.by_age(before) == (before, []) and report.OLDER not in report.page(before, "versions", [])
    codes["start"] = "new"
    assert main.by_age(before) == ([], before)
    assert f"{report.OLDER}all.\n" in report.page(before, "versions", before)
    new = []
    main.measure(cases[0], 2, new, file)
    assert main.by_age(main.stored(file)) == (new, before[2:]) and len(new) == 2
    assert f"{report.OLDER}advi.\n" in report.page(new + before[2:], "versions", before[2:])
    failed = {**new[0], "error": "ValueError: no"}
    assert main.by_age([*before, failed]) == ([failed], before)  # a failure takes no one's place


def test_only_the_table_is_written(tmp_path, monkeypatch):
    file, out = tmp_path / "results.jsonl", tmp_path / "table.md"
    monkeypatch.setattr(main, "run", lambda case, home: {"wall": 1.0, "error_sd": 0.1})
    main.measure(main.Case("start", "start", "ours", "cold"), 2, [], file)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--runs", "0", "--cache", str(file), "--out", str(out)])
    main.main()
    assert "| the course's setup, `pm.fit` | 1.0 s (1.0 s to 1.0 s; 2 runs) |" in out.read_text(encoding="utf-8")
    kept = file.read_text(encoding="utf-8")
    monkeypatch.setattr(main, "versions", lambda: "others")
    with pytest.raises(SystemExit):
        main.main()
    assert file.read_text(encoding="utf-8") == kept


def test_an_error_is_kept_and_named(tmp_path):
    found = main.run(main.Case("start", "start", "nobody", "cold"), tmp_path)
    assert found["error"].startswith("KeyError")


def test_an_endless_run_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(main, "LONGEST", 0.05)
    assert "not finished" in main.run(main.Case("start", "start", "ours", "cold"), tmp_path)["error"]


def test_unknown_group_is_named(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["benchmarks", "fit"])
    with pytest.raises(SystemExit):
        main.main()
    assert "no group fit: there are start, fits, chapters, interface, growth" in capsys.readouterr().err


def test_every_case_is_one_that_its_module_knows():
    assert set(main.PROBLEMS) == set(PROBLEMS) == set(report.TITLES) - {"particles"}
    assert {case.name for case in main.CASES if case.module == "start"} == set(report.START)


def pretend(monkeypatch, behind):
    """Fits whose distance is `behind(setting, steps)`, and which take a millisecond for each step and draw."""
    asked = []

    def rung(problem, setting, steps, seeds):
        asked.append((setting, steps))
        return {"steps": steps, "seconds": [1e-3 * steps * setting[2]], "behind": [behind(setting, steps)]}

    monkeypatch.setattr(fits, "rung", rung)
    return asked


def test_tuning_finds_the_quickest_and_not_only_the_first_to_arrive(monkeypatch):
    eight, one = (0.1, True, 8), (0.1, True, 1)
    need = {eight: 500, one: 1000}  # steps; a step of the one takes an eighth of the time
    asked = pretend(monkeypatch, lambda setting, steps: 0.0 if steps >= need.get(setting, np.inf) else 1.0)
    assert fits.tuned(PROBLEMS["logistic"], lambda *setting: setting) == one
    assert (eight, 1000) not in asked


def test_tuning_without_arrival_takes_the_nearest_and_drops_the_worse_half(monkeypatch):
    near = (0.03, True, 1)
    asked = pretend(monkeypatch, lambda setting, steps: 2.0 if setting == near else np.inf)
    assert fits.tuned(PROBLEMS["logistic"], lambda *setting: setting) == near
    assert len([1 for _, steps in asked if steps == 2000]) <= 4


def test_tuning_asks_every_seed_to_arrive(monkeypatch):
    lucky, sure = (0.3, True, 1), (0.1, True, 1)
    far = {lucky: [0.0, 1.0], sure: [0.0, 0.0]}

    def rung(problem, setting, steps, seeds):
        seconds = 1e-3 * steps * (1 if setting == lucky else 1.5)
        return {"steps": steps, "seconds": 2 * [seconds], "behind": far.get(setting, 2 * [np.inf])}

    monkeypatch.setattr(fits, "rung", rung)
    assert fits.tuned(PROBLEMS["logistic"], lambda *setting: setting) == sure


def measured():
    return [json.loads(line) for line in main.CACHE.read_text(encoding="utf-8").splitlines()]


def test_table_is_that_of_the_stored_results():
    """Whatever has been changed in the code since: below machine, versions and date, without the notes on older code."""
    made, stored = report.page(measured(), "versions"), main.TABLE.read_text(encoding="utf-8")
    stored = re.sub(rf"{re.escape(report.OLDER)}.*\n\n", "", stored)
    assert made.splitlines()[3:] == stored.splitlines()[3:]


def test_readme_says_what_was_measured():
    found = {result["name"]: result for result in measured() if result["group"] == "fits"}

    def of(method):
        return [found[method if key == "particles" else f"{key}/{method}"] for key in TITLES]

    def first_calls(method):
        return [(report.arrival(result) or result["rungs"][-1])["first"] for result in of(method)]

    def seconds(method):
        rungs = [report.arrival(result) for result in of(method)]
        return dict(zip(TITLES, [np.median(rung["seconds"]) if rung else np.inf for rung in rungs], strict=True))

    published, ours, others = map(seconds, ("published", "ours", "others"))
    ratios = np.array(list(others.values())) / list(ours.values())
    slower, last = (ratios > 1.2).sum(), found["minibatch/others"]["rungs"][-1]
    assert len(ratios) == 9 and (ratios > 1 / 1.2).all() and np.isinf(others["minibatch"])
    assert [key for key, value in published.items() if np.isfinite(value)] == ["student-t"]
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    readme = " ".join((main.ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"within a fifth of our time on {words[9 - slower]} and slower on {words[slower]};" in readme
    said = f"NumPyro has not arrived after {int(np.median(last['seconds']))} seconds, and ours has after {ours['minibatch']:.0f}"
    assert said in readme
    most, recipes = max(first_calls("ours")), first_calls("published")
    assert f"ours take at most {most:.0f} seconds, the recipes {min(recipes):.0f} to {max(recipes):.0f}." in readme
    assert f"the first time within {most:.0f} seconds]" in readme  # the picture's alternative text


def test_the_start_up_policy_says_what_was_measured():
    lines = policy.TABLE.read_text(encoding="utf-8").splitlines()
    rows = {line.strip("| ").split(" | ")[0]: line.strip("| ").split(" | ")[1:] for line in lines if " to " in line}
    of_policy, default, c = ([round(float(cell.split()[0])) for cell in rows[way]] for way in policy.WAYS.values())
    assert len(of_policy) == len(policy.TASKS)
    said = " ".join(startup.__doc__.split())
    assert f"take {of_policy[0]} s with 2 weights and {of_policy[1]} s with 40;" in said
    assert f'defaults {default[0]} s and {default[1]} s, with ``backend="c"`` {c[0]} s and {c[1]} s.' in said


def test_a_task_of_the_policy_runs_in_a_process_of_its_own():
    policy.seconds("policy", "nuts")  # raises where the process fails


def executed(function):
    """Files and names of the functions and classes of `helpers` that a call runs."""
    found, watch, tool = set(), sys.monitoring, sys.monitoring.PROFILER_ID

    def note(code, _):
        function = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")
        if function and code.co_filename.startswith(str(main.ROOT / "helpers")):
            found.add((Path(code.co_filename).name, code.co_qualname.split(".")[0]))
        return watch.DISABLE  # once is enough

    watch.use_tool_id(tool, "test_keys")
    watch.register_callback(tool, watch.events.PY_START, note)
    watch.restart_events()
    watch.set_events(tool, watch.events.PY_START)
    try:
        function()
    finally:
        watch.set_events(tool, watch.events.NO_EVENTS)
        watch.free_tool_id(tool)
    return found


def short_fit():
    advi(FlatModel(start.model(*start.data())), seed=1, steps=20)


def short_run_of_particles():
    particles.ours(0.1)(3, 1)


@pytest.mark.parametrize(
    ("name", "run"), [("start", short_fit), ("particles", short_run_of_particles), ("interface", svgd_menu)]
)
def test_a_key_covers_all_that_runs(name, run):
    closure = keys.Closure()
    closure.follow(keys.Code(f"from benchmarks import {name}\n{name}"))
    ran = executed(run)
    assert len(ran) >= 2 and ran <= {(code.file.name, wanted) for code, wanted in closure.met if code.file}
