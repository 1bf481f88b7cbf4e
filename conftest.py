"""What all tests share: no network, one folder for what JAX and PyTensor compile, and which tests are slow."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

os.environ["ELBO_ROOM_STRICT"] = "1"  # a claim of a notebook that fails raises: helpers/checks/proofs.py
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `helpers.start` has it

# Every notebook runs without network: the Python processes that the tests start refuse to leave this machine.
# (Those of tests/test_colab.py may: they install the course.)
_folder = str(Path(__file__).parent / "tests" / "no_network")  # holds a sitecustomize.py, which says how
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_folder, os.environ.get("PYTHONPATH")]))

# Files in the order of what they take, the longest first, so that two workers end together; all these are slow.
SLOW = (
    *("test_browser", "test_colab", "test_verdicts", "test_startup_answers", "07_bnn_moons", "08_bnn_ideas"),
    *("14_hierarchies", "11_did_it_work", "90_field_guide", "13_better_gaussians", "12_scaling_out"),
    *("test_approximate", "05_mixtures", "06_minibatch_advi", "test_opening", "test_one_way_study", "test_one_way"),
    *("10_bnn_regression", "03_logistic_regression", "test_site", "test_any_model", "test_particle_menu"),
    *("test_startup", "04_advi_in_one_loop", "09_bayesian_line", "test_bad_days", "test_gold", "test_loop"),
    *("test_benchmarks", "test_zoo", "test_sensor_study", "test_without_kernel", "test_progress", "02_logit_beta"),
    *("00_start_here", "01_student_t", "test_change_of_variables", "test_sweep", "test_live_fit"),
    *("test_correlated_gaussian", "test_shard_product", "test_classroom", "test_slides", "test_site_benchmark"),
)


def pytest_configure(config):
    """Let all processes of one run share what JAX and PyTensor compile, in a folder that goes when the run ends."""
    config.addinivalue_line("markers", "slow: takes more than a few seconds; -m 'not slow' answers in two minutes")
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:  # a worker has it from the process that started it
        return
    folder = tempfile.TemporaryDirectory(prefix="elbo-room-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": folder.name,
        # else the source of each function stays in the system's temporary folder for good, and a sixteenth of the time goes
        # into noting where each node of a graph was made
        "PYTENSOR_FLAGS": ",".join(
            filter(None, [os.environ.get("PYTENSOR_FLAGS"), f"generated_src_dir={folder.name}", "traceback__limit=0"])
        ),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


@pytest.fixture(scope="session", autouse=True)
def nothing_is_compiled_for_one_call():
    """PyTensor's mode as `helpers.start` sets it for readers; its own would compile for seconds what runs once.

    Nor in C, which PyTensor does where it can, also where it only folds constants.
    """
    if "pytensor" in sys.modules:  # the files that need it have imported it
        import pytensor

        from helpers import startup

        pytensor.config.mode = startup.uncompiled()
        pytensor.config.cxx = ""


@pytest.fixture(scope="module")
def double_precision():
    """JAX as `helpers.start` sets it, in the tests of one file."""
    import jax  # here: most files need none of it

    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture(scope="module")  # a Playwright that lives longer breaks asyncio.run in other tests
def browser():
    """A browser for the tests of one file, which are skipped where there is none."""
    from tools.browser import chromium, missing  # here: most files need none

    if missing():
        pytest.skip(missing())
    with chromium() as running:
        yield running


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by -m
def pytest_collection_modifyitems(items):
    rank = {name: k for k, name in enumerate(SLOW)}
    for item in items:
        if item.path.stem in rank:
            item.add_marker("slow")
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
