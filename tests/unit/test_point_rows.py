"""Kinetics of one set of trajectories, against chains that are solved by hand."""

import numpy as np
import pytest
from chains import sample_chain

from raremd.analysis.cell_kinetics import Seen, point_rows
from raremd.analysis.rows import as_table
from raremd.analysis.yardstick import Yardstick, majority_map

CHAIN = np.array([[0.97, 0.03, 0.0], [0.02, 0.96, 0.02], [0.0, 0.05, 0.95]])


def first_passage(matrix, target):
    """Mean steps to `target` from each state, by its defining equations."""
    others = [s for s in range(len(matrix)) if s != target]
    times = np.zeros(len(matrix))
    inner = np.eye(len(others)) - matrix[np.ix_(others, others)]
    times[others] = np.linalg.solve(inner, np.ones(len(others)))
    return times


def stationary(matrix):
    values, vectors = np.linalg.eig(matrix.T)
    found = vectors[:, np.argmax(values.real)].real
    return found / found.sum()


class TestMajorityMap:
    def test_by_hand(self):
        fine = [np.array([0, 0, 0, 1, 1, 2]), np.array([2, 2, 4])]
        coarse = [np.array([1, 1, 0, 0, 0, 2]), np.array([2, 0, 2])]
        # State 3 has no frames: it takes 2 or 0, whichever has most (0: 4 frames, 2: 3).
        found = majority_map(fine, coarse, 5, 3)
        assert found.dtype == np.int16
        assert found.tolist() == [1, 0, 2, 0, 2]

    def test_same_partition_maps_to_itself(self):
        dtraj = sample_chain(CHAIN, 2000, seed=0)
        assert majority_map([dtraj], [dtraj], 3, 3).tolist() == [0, 1, 2]

    def test_int16_does_not_overflow(self):
        fine = [np.arange(3000, dtype=np.int16)]
        assert majority_map(fine, [fine[0] % 20], 3000, 20).tolist() == [
            k % 20 for k in range(3000)
        ]

    def test_frames_must_match(self):
        with pytest.raises(ValueError):
            majority_map([np.zeros(3, int)], [], 2, 2)


@pytest.fixture(scope="module")
def rows():
    dtrajs = [sample_chain(CHAIN, 400_000, seed=s) for s in (1, 2)]
    yardstick = Yardstick.of(dtrajs, 3, np.arange(3, dtype=np.int16), 2)
    return as_table(point_rows(Seen(dtrajs, dtrajs, 3, yardstick, (1, 2, 4), 2)))


class TestPointRows:
    def test_timescales(self, rows):
        exact = -1.0 / np.log(np.sort(np.linalg.eigvals(CHAIN).real)[::-1][1:])
        for quantity in ("timescale", "yardstick_timescale"):
            found = rows[rows["quantity"] == quantity].pivot_table("value", "lag", "i")
            assert found.shape == (3, 2)
            np.testing.assert_allclose(found, np.tile(exact, (3, 1)), rtol=0.03)

    def test_populations_and_probabilities_at_the_yardstick_lag(self, rows):
        population = rows[rows["quantity"] == "population"]
        assert population["i"].tolist() == [1, 2, 3]
        np.testing.assert_allclose(population["value"], stationary(CHAIN), rtol=0.02)
        matrix = rows[rows["quantity"] == "transition_probability"]
        assert (matrix["lag"] == 2).all()
        found = matrix.pivot_table("value", "i", "j").to_numpy()
        np.testing.assert_allclose(found, CHAIN @ CHAIN, atol=0.002)
        np.testing.assert_allclose(found.sum(axis=1), 1.0)

    def test_first_passage_times_in_frames(self, rows):
        found = rows[rows["quantity"] == "mfpt"]
        assert len(found) == 6 and (found["i"] != found["j"]).all()
        for i, j, value in zip(found["i"], found["j"], found["value"], strict=True):
            # At a lag of two frames a passage is seen at even frames only.
            exact = 2 * first_passage(CHAIN @ CHAIN, int(j) - 1)[int(i) - 1]
            assert value == pytest.approx(exact, rel=0.03)

    def test_chapman_kolmogorov_holds(self, rows):
        for lag in (2, 4, 6, 8, 10):
            exact = np.diag(np.linalg.matrix_power(CHAIN, lag))
            for quantity in ("ck_predicted", "ck_estimated"):
                chosen = rows[(rows["quantity"] == quantity) & (rows["lag"] == lag)]
                assert chosen["i"].tolist() == chosen["j"].tolist() == [1, 2, 3]
                np.testing.assert_allclose(chosen["value"], exact, atol=0.01)

    def test_chapman_kolmogorov_up_to_half_of_the_longest_trajectory(self):
        dtraj = sample_chain(CHAIN, 100, seed=1)
        yardstick = Yardstick.of([dtraj], 3, np.arange(3, dtype=np.int16), 10)
        rows = point_rows(Seen([dtraj], [dtraj], 3, yardstick, (1,), 1))
        assert sorted({r.lag for r in rows if r.quantity == "ck_estimated"}) == [10, 20, 30, 40]

    def test_nothing_is_left_out(self, rows):
        left_out = rows[rows["quantity"].isin(["states_left_out", "counts_left_out"])]
        assert left_out["value"].tolist() == [0.0, 0.0]

    def test_slow_transitions_are_counted_at_the_yardstick_lag(self):
        # Ten stays of 100 frames; the touches of one frame lie between the frames that are kept.
        dtraj = np.repeat(np.arange(10) % 2, 100).astype(np.int16)
        dtraj[55::100] = 1 - dtraj[55::100]
        yardstick = Yardstick.of([dtraj], 2, np.arange(2, dtype=np.int16), 10)
        rows = as_table(point_rows(Seen([dtraj], [dtraj], 2, yardstick, (1,), 1)))
        events = rows[rows["quantity"] == "slow_transitions"]
        assert events["value"].item() == 9
        assert events["lag"].item() == 10

    def test_stays_and_crossings(self, rows):
        found = rows[rows["quantity"] == "residence_time"]
        np.testing.assert_allclose(found["value"], 1 / (1 - np.diag(CHAIN)), rtol=0.03)
        assert found["i"].tolist() == [1, 2, 3] and (found["lag"] == 1).all()
        curves = rows[rows["quantity"] == "survival"].pivot_table("value", "lag", "i")
        assert 5 < len(curves) <= 12 and curves.index[0] == 1
        exact = np.diag(CHAIN)[None, :] ** curves.index.to_numpy()[:, None]
        np.testing.assert_allclose(curves, exact, atol=0.02)
        rates = rows[rows["quantity"] == "crossing_rate"]
        assert rates["lag"].tolist() == [1, 2] and (rates["value"] > 0).all()

    def test_the_sides_are_those_of_the_md(self):
        """A model whose own slowest process is another is not measured by it."""
        md = [sample_chain(CHAIN, 50_000, seed=1)]
        yardstick = Yardstick.of(md, 3, np.arange(3, dtype=np.int16), 2)
        within = np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.0, 0.05, 0.95]])
        model = [sample_chain(within, 5000, seed=2)]
        assert yardstick.sides.tolist() in ([-1, 0, 1], [-1, -1, 1])
        table = as_table(point_rows(Seen(model, model, 3, yardstick, (1,), 2)))
        values = table.set_index("quantity")["value"]
        assert values["slow_transitions"] == 0 and (values["crossing_rate"] == 0).all()

    def test_what_is_left_out_is_told(self):
        dtraj = np.array([3] + [0, 0, 1, 1] * 50, np.int16)
        yardstick = Yardstick.of([dtraj], 5, np.arange(5, dtype=np.int16), 1)
        rows = as_table(point_rows(Seen([dtraj], [dtraj], 5, yardstick, (1,), 3)))
        values = rows.set_index("quantity")["value"]
        assert values["states_left_out"] == pytest.approx(3 / 5)
        assert values["counts_left_out"] == pytest.approx(1 / 200)
        assert np.isnan(values["timescale"].to_numpy()[1:]).all()
