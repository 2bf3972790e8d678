"""What the library refuses before it computes, and how it reads what it is given."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from chains import sample_chain, two_state
from pydantic import Field

import raremd
from raremd.analysis.given_md import GivenMD
from raremd.analysis.trajectories import _sets
from raremd.data.state_numbers import StateNumbers, as_trajectories, refuse_clocks
from raremd.learning.asked import names
from raremd.learning.fitted import Record
from raremd.study.settings import models
from raremd.study.settings.messages import ConfigError

MD = [sample_chain(two_state(0.05, 0.05), 1000, seed) for seed in range(5)]


@pytest.fixture(scope="module")
def markov():
    return raremd.Markov(window=20).fit(MD, progress=False)


class TestOptions:
    @pytest.mark.parametrize(
        ("name", "options", "words"),
        [
            ("Persistence", {"slow_share": 0.5}, "^slow_share: 'persistence' cannot take it"),
            ("Persistence", {"two_pass": 0.5}, "^two_pass: 'persistence' cannot take it"),
            ("Markov", {"two_pass": 0.5}, "^two_pass: 'markov' is estimated at once"),
            ("LSTM", {"cores": 6}, "cores: chooses the row of a prior"),
            ("Transformer", {"heads": 3}, "heads: width 32"),
        ],
    )
    def test_what_a_model_cannot_take_is_refused(self, name, options, words):
        with pytest.raises(ConfigError, match=words):
            raremd.estimator(name)(**options)

    def test_what_it_can_take_is_not(self):
        raremd.LSTM(two_pass=0.5, slow_share=0.5)
        raremd.Persistence(two_pass=0, slow_share=0.0)

    @pytest.mark.parametrize("option", ["window", "seed", "gap", "budget", "batch", "two_pass"])
    def test_an_option_named_as_one_of_the_fit_is_refused(self, monkeypatch, option):
        field = {"__annotations__": {option: int}, option: Field(default=5, description="Of it.")}
        section = type("OddSettings", (models.Section,), field)
        monkeypatch.setitem(models.KINDS, "odd", models.Kind(section, "raremd.models.hmm:HMM"))
        with pytest.raises(ConfigError, match=rf"KINDS\['odd'\]: option '{option}'"):
            raremd.estimator("odd")

    def test_a_second_kind_of_the_same_options_is_refused(self, monkeypatch):
        entry = models.Kind(models.HMMSettings, "raremd.models.markov:Markov")
        monkeypatch.setitem(models.KINDS, "other", entry)
        with pytest.raises(ConfigError, match=r"KINDS\['other'\]: 'hmm' has its options"):
            raremd.estimator("other")
        assert names()["HMM"] == raremd.HMM.kind == "hmm"


class TestNumbers:
    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"seed": -1}, "^seed: -1: give a whole number from 0 up"),
            ({"seed": 1.5}, "^seed: 1.5: "),
            ({"n_walkers": "2"}, "^n_walkers: '2': "),
            ({"n_walkers": None}, "^n_walkers: None: "),
            ({"n_frames": np.inf}, "^n_frames: inf: "),
            ({"n_frames": True}, "^n_frames: True: "),
        ],
    )
    def test_a_number_that_cannot_be_is_named(self, markov, asked, words):
        with pytest.raises(ValueError, match=words):
            markov.generate(**{"n_walkers": 2, "n_frames": 5} | asked, progress=False)

    def test_numbers_of_numpy_and_whole_floats_are_numbers(self, markov):
        drawn = markov.generate(2.0, np.int32(5), seed=np.int64(3), progress=False)
        assert [len(walker) for walker in drawn] == [5, 5]

    def test_a_folder_is_no_file_to_save_to(self, markov, tmp_path):
        with pytest.raises(ValueError, match="is a folder; give a file in it"):
            markov.save(tmp_path)


class TestTrajectories:
    def test_arrays_by_name_are_no_trajectories(self, tmp_path):
        np.savez(tmp_path / "x.npz", a=MD[0], b=MD[1])
        with np.load(tmp_path / "x.npz") as file, pytest.raises(ValueError, match="by name"):
            as_trajectories(file, "dtrajs")
        with pytest.raises(ValueError, match=r"^dtrajs: a dict holds arrays by name"):
            as_trajectories({"a": MD[0]}, "dtrajs")

    @pytest.mark.parametrize("given", [[MD[0].astype(object)], MD[0].astype(object)])
    def test_whole_numbers_as_objects_are_states(self, given):
        (found,) = as_trajectories(given, "dtrajs")
        assert found.dtype == np.int64 and (found == MD[0]).all()

    @pytest.mark.parametrize(
        "given", [[np.arange(3000), MD[0]], np.stack([np.arange(1000), MD[0]])]
    )
    def test_a_frame_number_is_no_state(self, given):
        with pytest.raises(ValueError, match=r"^dtrajs\[0\]: grows in every frame"):
            raremd.Markov().fit(given, progress=False)

    def test_states_that_go_round_are_no_clock(self):
        refuse_clocks([np.arange(3000) % 4, np.repeat(np.arange(4), 500)], ["a", "b"])

    def test_parts_that_are_not_connected_are_told(self, caplog):
        apart = [d + 2 * (k % 3) for k, d in enumerate([*MD, MD[0][::-1]])]
        with pytest.raises(ValueError, match=r"^dtrajs: the largest set of states"):
            raremd.Markov().fit(apart, progress=False)
        with caplog.at_level(logging.WARNING):
            raremd.Markov(window=20).fit([*MD, MD[0][:300] + 2, MD[4][300:600] + 2], progress=False)
        assert any("are not connected" in r.getMessage() for r in caplog.records)


def test_a_model_that_is_worse_than_equal_chances_has_not_converged(markov):
    assert markov.converged
    record = Record(validation_loss=20.0, markov_loss=20.0)
    assert record.converged
    bad = markov.of(replace(markov.fitted, record=record), markov.options)
    assert not bad.converged


class TestComparison:
    STATES = StateNumbers(np.array([0, 1]))

    @pytest.mark.parametrize(
        ("given", "wanted"),
        [
            ([d.tolist() for d in MD], [5]),
            ([d[:, None] for d in MD], [5]),
            (MD, [5]),
            (np.stack(MD), [5]),
            ([MD, MD[:3]], [5, 3]),
            ([np.stack(MD), np.stack(MD)], [5, 5]),
            ([[d.tolist() for d in MD], [d[:, None] for d in MD]], [5, 5]),
            ([[MD[0]], [MD[1]]], [1, 1]),
        ],
    )
    def test_trajectories_and_trainings_are_told_apart(self, given, wanted):
        assert [len(own) for own in _sets(given, "m", self.STATES, 10)] == wanted

    def test_a_series_goes_by_its_index(self):
        three = [np.array([5, 6, 9])[d + (np.arange(1000) % 2 & d)] for d in MD]
        by_state = pd.Series([1, 0, 0], index=[9, 6, 5])
        assert GivenMD.of(three, by_state, 1).of_state.tolist() == [0, 0, 1]
        assert GivenMD.of(three, pd.Series([1, 0, 0]), 1).of_state.tolist() == [1, 0, 0]
        with pytest.raises(ValueError, match="state 9 of the trajectories is not in it"):
            GivenMD.of(three, pd.Series([1, 0, 0], index=[4, 6, 5]), 1)


@pytest.mark.parametrize("network", [raremd.LSTM, raremd.GRU])
def test_jumps_never_seen_are_forbidden_in_a_short_word(network):
    line = np.array([[0.9, 0.1, 0.0], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]])
    md = [sample_chain(line, 3000, seed) for seed in range(4)]
    fitted = network(hidden=4, embedding=4, match_seen_jumps=True, tokens=10_000).fit(
        md, progress=False
    )
    jumps = np.abs(np.diff(np.stack(fitted.generate(8, 2000, progress=False))))
    assert jumps.max() == 1 and fitted.leak == pytest.approx(0, abs=1e-6)


def test_nothing_is_learned_from_what_validates():
    def learned(*parts, **given):
        fitted = raremd.Markov(window=20).fit(*parts, progress=False, **given)
        return fitted.network.log_probability

    one, other = (learned(MD[:1], validation=MD[k]) for k in (1, 2))
    assert torch.equal(one, other)
    # Of four or more, whole trajectories validate: the same network without them.
    rest = [[d for n, d in enumerate(MD) if n != k] for k in range(len(MD))]
    without = [learned(part, validation=MD[k]) for k, part in enumerate(rest)]
    assert sum(torch.equal(learned(MD), each) for each in without) == 1
