"""A model that corrects the networks of another entry, in place of training its own."""

import shutil

import numpy as np
import pandas as pd
import pytest
from chains import double_well, sample_chain
from safetensors.numpy import load_file
from toy_study import toy

from raremd.data.features import write_features
from raremd.io.storage import read_arrays, read_parquet, read_typed
from raremd.learning.corrected import corrected
from raremd.learning.replicates import CellData, Cost, TrainedReplicate, derive_seed
from raremd.learning.run_record import RunRecord
from raremd.learning.train_and_generate import train_and_generate
from raremd.learning.windows import Windows
from raremd.models import build_model
from raremd.states.definition import states_definition
from raremd.states.fit import fit_states
from raremd.study import plan
from raremd.study.load import load_study
from raremd.study.settings.messages import ConfigError

CORRECTED = {"corrects": "lstm", "settings": {"match_seen_jumps": True}}
CHAIN = {
    "training": {"tokens": 40_000, "patience_tokens": 40_000, "evaluate_tokens": 10_000},
    "replicates": 2,
    "models": {
        "lstm": {"settings": {"embedding": 4, "hidden": 8}},
        "after": CORRECTED | {"control_of": "lstm"},
    },
    "systems": {
        "chain": {
            "source": {"kind": "dtraj", "files": "chain.npy"},
            "frame_interval": 1,
            "time_unit": "frame",
            "lags": [1, 10],
            "yardstick": {"lag": 10},
            "block": 100,
            "generation": {"walkers": 50, "time": 400},
        }
    },
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Both models of a small chain, as their jobs run them."""
    folder = tmp_path_factory.mktemp("corrected")
    chain = sample_chain(double_well(12, 3.0), 10_500, seed=2)
    write_features(
        folder / "features.h5", [chain[:, None]], frame_interval=1.0, time_unit="frame",
        feature_names=["state"], periods=[0.0], checksum="", state_labels=range(12),
    )  # fmt: skip
    study = load_study(CHAIN)
    definition = states_definition(plan.states_plan(study, "chain", "all", "given"))
    fit_states(folder / "features.h5", None, definition, folder / "states.h5")
    for model in ("lstm", "after"):
        (folder / model).mkdir()
        run(folder, model)
    return folder


def run(folder, model):
    study = load_study(CHAIN)
    cell = study.base("chain")
    names = "model.safetensors", "history.parquet", "generated.h5", "run.json"
    train_and_generate(
        folder / "states.h5", plan.training_plan(study, cell, model),
        plan.generation_plan(study, cell), "", *(folder / model / name for name in names),
        plan.corrected_plan(study, cell, model),
    )  # fmt: skip


def test_it_trains_nothing_and_costs_what_its_networks_cost(ran):
    assert not list((ran / "after").glob("checkpoint*"))
    plain, after = (read_typed(RunRecord, ran / m / "run.json") for m in ("lstm", "after"))
    assert after.tokens == plain.tokens and after.model.budget == plain.model.budget
    assert after.model.corrects == "lstm" and plain.model.corrects is None
    assert after.cpu_seconds > plain.cpu_seconds - 1
    assert read_parquet(ran / "after/history.parquet").equals(
        read_parquet(ran / "lstm/history.parquet")
    )


def test_its_networks_are_the_same_and_leak_nothing(ran):
    plain, after = (load_file(ran / m / "model.safetensors") for m in ("lstm", "after"))
    for name, weight in plain.items():
        assert np.array_equal(weight, after[name])
    plain, after = (read_typed(RunRecord, ran / m / "run.json") for m in ("lstm", "after"))
    assert max(after.leak) < 1e-6 < 1e-4 < min(plain.leak)
    generated = [read_arrays(ran / m / "generated.h5") for m in ("lstm", "after")]
    assert not np.array_equal(*(of["replicate_1"] for of in generated))


def test_networks_whose_checkpoints_are_gone_are_trained_again(ran, tmp_path):
    folder = shutil.copytree(ran, tmp_path / "copy")
    for checkpoint in (folder / "lstm").glob("checkpoint*"):
        checkpoint.unlink()
    run(folder, "after")
    first, second = (load_file(of / "after/model.safetensors") for of in (ran, folder))
    assert all(np.array_equal(weight, second[name]) for name, weight in first.items())


def test_each_replicate_has_a_seed_of_its_own_and_pays_for_its_training(monkeypatch):
    monkeypatch.setattr("raremd.learning.corrected.calibrate", lambda *_: (0.5, None))
    study = load_study(CHAIN)
    after = plan.training_plan(study, study.base("chain"), "after")
    chain = sample_chain(double_well(12, 3.0), 500, seed=2).astype(np.int16)
    model = build_model("lstm", 12, {"embedding": 4, "hidden": 8})
    plain = TrainedReplicate(
        model, (0, 1, 2), Windows.of([chain], 10), pd.DataFrame(), 1.0, None, Cost(100.0, 50.0)
    )
    found = [corrected(plain, CellData(12, [chain], [chain]), after, r) for r in (1, 2)]
    label = f"{after.cell.folder}/after"
    assert [one.seed for one in found] == [derive_seed(after.seed, label, r) for r in (1, 2)]
    assert all(100 <= one.cost.wall < 120 and one.cross_entropy == 0.5 for one in found)
    assert plain.seed == (0, 1, 2) and plain.model.prior.empty, "it is left as it is"


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ({"corrects": "lsmt"}, "models.after.corrects: 'lsmt' is not among models: .*did you mean"),
        ({"corrects": "markov"}, "models.after.corrects: 'markov' is not a plain network"),
        ({"corrects": "after"}, "models.after.corrects: 'after' is not a plain network"),
        ({"budget": 4}, "models.after.budget: its networks are those of 'lstm'; leave it out"),
        ({"kind": "gru"}, "models.after.kind: its networks are those of 'lstm'; leave it out"),
        ({"settings": {}}, "models.after.settings: they correct nothing after training"),
        ({"settings": {"prior": "seen_jumps"}}, "models.after.settings: they correct nothing"),
        (
            {"settings": {"match_seen_jumps": True, "hidden": 8}},
            "models.after.settings.hidden: its networks are those of 'lstm'; leave it out",
        ),
        (
            {"settings": {"match_sen_jumps": True}},
            "models.after.settings: unknown key.*did you mean",
        ),
        ({"replicates": 9}, "models.after.replicates: 9 are more than replicates"),
    ],
)
def test_what_cannot_be_corrected_is_refused(models, said):
    with pytest.raises(ConfigError, match=said):
        load_study(toy(**{"models.after": CORRECTED | models}))


def test_the_networks_must_be_trained_in_the_same_cells():
    config = toy(**{"models.after": CORRECTED | {"control_of": "lstm"}})
    sweep = {"partition": ["fine"], "models": ["after"]}
    config["systems"]["toy"]["sweeps"].append(sweep)
    with pytest.raises(ConfigError, match="'lstm' is not trained in toy/xy/dt_5/fine"):
        load_study(config)
    sweep["models"] = ["after", "lstm"]
    study = load_study(config)
    assert study.varied()["after"] == "prior"
    assert plan.corrected_plan(study, study.base("toy"), "lstm") is None


def test_fewer_replicates_than_it_are_refused():
    with pytest.raises(ConfigError, match=r"'lstm' has fewer replicates in .* \(1\) than it \(2\)"):
        load_study(
            toy(**{"models.after": CORRECTED | {"replicates": 2}, "models.lstm.replicates": 1})
        )
