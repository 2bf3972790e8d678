"""Metrics of the leaderboard on tables and chains whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from chains import sample_chain

from raremd.analysis.leaderboard_metrics import Known, _worst, metrics, validation_counts
from raremd.kinetics.scores import autocorrelation, jensen_shannon, slow_observable, vamp_e
from raremd.kinetics.timescales import count_matrix
from raremd.states.discrete_trajectories import DiscreteSystem
from raremd.states.split import split_frames

PI = np.array([0.25, 0.75])


def two_state(k):
    """Leaves state 0 with probability 3k and state 1 with k; autocorrelation 1 - 4k."""
    return np.array([[1 - 3 * k, 3 * k], [k, 1 - k]])


def test_jensen_shannon_of_known_pairs():
    assert jensen_shannon(PI, 10 * PI) == 0
    even = np.array([0.5, 0.5])
    middle = 0.5 * (even + PI)

    def entropy(p):
        return -(p * np.log2(p)).sum()

    wanted = entropy(middle) - 0.5 * (entropy(even) + entropy(PI))
    assert jensen_shannon(even, PI) == pytest.approx(wanted)


def test_vamp_is_highest_for_the_true_chain():
    truth = two_state(0.1)
    counts = 1000 * PI[:, None] * truth
    # VAMP-2 of the chain on itself: the sum of its squared singular values, 1 and 0.6.
    assert vamp_e(truth, PI, counts) == pytest.approx(1 + 0.6**2)
    assert vamp_e(np.tile(PI, (2, 1)), PI, counts) == pytest.approx(1)
    for k in (0.05, 0.15):  # less by the squared error of the singular value
        assert vamp_e(two_state(k), PI, counts) == pytest.approx(1.36 - (4 * (k - 0.1)) ** 2)
    lost = np.array([[1.0, 0.0], [np.nan, np.nan]])
    assert np.isfinite(vamp_e(lost, np.array([1.0, 0.0]), counts))


def test_vamp_of_data_on_themselves_is_that_of_their_singular_values():
    # Pairs begin with other populations than they end with, as out of equilibrium.
    joint = np.array([[0.5, 0.1, 0.1], [0.0, 0.1, 0.05], [0.0, 0.05, 0.1]])
    first, last = joint.sum(axis=1), joint.sum(axis=0)
    singular = np.linalg.svd(joint / np.sqrt(np.outer(first, last)), compute_uv=False)
    found = vamp_e(joint / first[:, None], last, 200 * joint)
    assert found == pytest.approx((singular**2).sum())


def test_the_slow_observable_decays_with_the_second_eigenvalue():
    chain = np.array([[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.1, 0.9]])
    weight = np.array([0.25, 0.5, 0.25])
    slow = slow_observable(chain, weight)
    assert weight @ slow == pytest.approx(0, abs=1e-12)
    assert weight @ slow**2 == pytest.approx(1)
    assert autocorrelation(chain, weight, slow) == pytest.approx(0.9)
    # Of another model its mean is not 0: neither offset nor scale count.
    assert autocorrelation(chain, weight, 3 * slow + 2) == pytest.approx(0.9)
    alone = np.array([1.0, 0.0, 0.0])
    assert not slow_observable(chain, alone).any()
    assert np.isnan(autocorrelation(chain, alone, slow))


def of_chain(model, replicate, k, lag=10.0):
    chain = two_state(k)
    row = {"model": model, "replicate": replicate}
    for i in range(2):
        yield row | {"quantity": "population", "i": i + 1, "j": 0, "lag": lag, "value": PI[i]}
        for j in range(2):
            at = row | {"i": i + 1, "j": j + 1, "lag": lag}
            yield at | {"quantity": "transition_probability", "value": chain[i, j]}
            if i != j:
                yield at | {"quantity": "mfpt", "value": lag / chain[i, j]}
    for at in (1.0, lag):
        yield row | {"quantity": "crossing_rate", "i": 0, "j": 0, "lag": at, "value": k}
    for name, value in (("ck_predicted", 0.8), ("ck_estimated", 0.8 - k)):
        yield row | {"quantity": name, "i": 1, "j": 1, "lag": 2 * lag, "value": value}
    long = -lag / np.log(1 - 4 * k)
    yield row | {"quantity": "yardstick_timescale", "i": 1, "j": 0, "lag": lag, "value": long}
    yield row | {"quantity": "timescale", "i": 1, "j": 0, "lag": 1.0, "value": 1 / k}


@pytest.fixture
def table():
    rows = list(of_chain("md", 0, 0.1)) + list(of_chain("reference", 0, 0.1))
    for replicate, k in ((1, 0.05), (2, 0.2)):
        rows += of_chain("even", replicate, k)
        rows += of_chain("fast", replicate, 0.2)
        errors = ("cross_entropy", 1 + k), ("leak", k), ("committor_error", 2 * k)
        for quantity, value in errors:
            at = {"model": "even", "replicate": replicate, "i": 0, "j": 0, "lag": np.nan}
            rows.append(at | {"quantity": quantity, "value": value})
        at = {"model": "even", "replicate": replicate, "i": 1, "j": 0, "lag": 1.0}
        rows.append(at | {"quantity": "expected_timescale", "value": 10 * 2**replicate})
    return pd.DataFrame(rows)


def test_each_metric_of_known_chains(table):
    known = Known(1000 * PI[:, None] * two_state(0.1), entropy_rate=0.9)
    found = metrics(table, 10.0, known, seed=0).set_index(["model", "metric"])
    value = found["value"]
    assert value["fast", "passage_time"] == pytest.approx(1)
    assert value["even", "passage_time"] == pytest.approx(0, abs=1e-12)  # a mean of -1 and 1
    assert found.loc[("even", "passage_time"), "high"] == pytest.approx(1)
    assert value["fast", "crossing_rate"] == pytest.approx(1)
    assert value["fast", "populations"] == 0
    assert value["fast", "autocorrelation"] == pytest.approx(-0.4)
    assert value["fast", "vamp"] == pytest.approx(1.36 - 0.4**2)
    assert value["fast", "chapman_kolmogorov"] == pytest.approx(0.2)
    assert value["fast", "long_timescale"] == pytest.approx(np.log2(np.log(0.6) / np.log(0.2)))
    assert value["even", "committor"] == pytest.approx(0.25)
    assert value["even", "leak"] == pytest.approx(0.125)
    assert value["even", "excess_loss"] == pytest.approx(0.225)
    assert value["even", "expected_timescale"] == pytest.approx(1.5)
    assert value["reference", "passage_time"] == 0
    assert np.isnan(found.loc[("reference", "passage_time"), "low"])
    assert ("fast", "leak") not in value.index and "md" not in value.index.get_level_values(0)


def test_transitions_of_the_validating_trajectory_alone():
    trained = np.zeros(2000, np.int16)
    validates = sample_chain(np.array([[0.5, 0.5, 0], [0.2, 0.6, 0.2], [0, 0.5, 0.5]]), 4000, 1)
    md = [trained, trained, validates, trained, trained]
    split = split_frames(list(map(len, md)), 0.2, 0)
    system = DiscreteSystem(
        md=md, reference=[], md_cores=[], reference_cores=[], n_states=3, dimension=1, split=split
    )
    found = validation_counts(system, np.array([0, 0, 1]), 2, 3)
    lumped = (validates == 2).astype(np.int64)[::2]
    assert (found == count_matrix([lumped], 2, 3)).all()


def test_the_worst_of_what_is_unknown_is_unknown():
    off = np.array([[1.0, np.nan, -3.0], [1.0, np.nan, -1.0]])
    assert _worst(off) == 2.0
    assert np.isnan(_worst(off[:, 1:2])) and np.isnan(_worst(off[:, [1, 1]]))
