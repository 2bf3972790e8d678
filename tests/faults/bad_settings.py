"""Flawed settings, and settings that do not fit the data: a table for `test_refusals.py`.

Each case changes a good study of four trajectories in `data/`, which is added to a study that has
already been run, and says at which stage it must be refused and with which words.
"""

from __future__ import annotations

import numpy as np
from flaws import (
    CONSTANT,
    LENGTHS,
    PLAN,
    STATES,
    TICA,
    WALK,
    Case,
    array,
    circle,
    content,
    data,
    edited,
    key,
    mine,
    only_states,
    several,
    states,
)

CASES = {
    # keys
    "misspelt key": Case(PLAN, key("replicats", 2), ("unknown key 'replicats'", "'replicates'")),
    "misspelt key of a section": Case(
        PLAN, key("training.tokenz", 1000), ("training", "'tokenz'", "did you mean 'tokens'")
    ),
    "misspelt option of a model": Case(
        PLAN, key("models.lstm.settings.hiden", 8), ("models.lstm.settings", "'hiden'", "'hidden'")
    ),
    "text for a number": Case(PLAN, key("seed", "three"), ("seed", "'three'", "whole number")),
    "list for a number": Case(
        PLAN, key("training.window", [20]), ("training.window", "whole number")
    ),
    "negative time": Case(PLAN, mine(frame_interval=-1), ("mine.frame_interval", "-1")),
    "number that is none": Case(PLAN, key("tolerance", float("nan")), ("tolerance", "nan")),
    "missing unit": Case(PLAN, mine(time_unit=None), ("systems.mine", "'time_unit' is missing")),
    "misspelt unit": Case(PLAN, mine(time_unit="nss"), ("mine.time_unit", "did you mean 'ns'")),
    "missing frame interval": Case(
        PLAN, mine(frame_interval=None), ("systems.mine", "'frame_interval' is missing")
    ),
    "unknown kind of system": Case(
        PLAN, mine(source__kind="feature"), ("source.kind", "'feature'", "did you mean 'features'")
    ),
    "unknown model": Case(
        PLAN, mine(sweeps=[{"models": ["lsmt"]}]), ("sweeps.0.models", "'lsmt'", "'lstm'")
    ),
    "unknown kind of model": Case(
        PLAN, key("models.mine", {"kind": "rnn"}), ("models.mine.kind", "'rnn' is not one of")
    ),
    "unknown partition": Case(
        PLAN, mine(base__partition="fin"), ("base.partition", "'fin'", "did you mean 'fine'")
    ),
    "unknown coordinate": Case(
        PLAN, mine(base__coordinate="bth"), ("base.coordinate", "did you mean 'both'")
    ),
    "interval between frames": Case(
        PLAN, mine(base__interval=1.5), ("interval", "1.5 is not a whole multiple")
    ),
    "lag between frames": Case(
        PLAN, mine(lags=[1, 5, 7.5]), ("mine.lags.2", "7.5 is not a whole multiple")
    ),
    "key that appears twice": Case(
        PLAN,
        edited("    time_unit: ps\n", "    time_unit: ps\n    frame_interval: 2\n"),
        ("config.yaml: line", "'frame_interval' appears twice, first in line"),
    ),
    "name that YAML takes for a truth value": Case(
        PLAN, edited("      fine:\n", "      on:\n"), ("mine.partitions", "'True'", "in quotes")
    ),
    "number that YAML takes for text": Case(
        PLAN,
        edited("learning_rate: 0.01", "learning_rate: 1e-2"),
        ("training.learning_rate", "'1e-2'", "write 0.01"),
    ),
    "number with its unit": Case(
        PLAN, mine(frame_interval="1 ps"), ("frame_interval", "'1 ps'", "without a unit")
    ),
    "one lag that is no list": Case(PLAN, mine(lags=10), ("mine.lags", "write a list")),
    "option of a model that is no number": Case(
        PLAN, key("models.lstm.settings.hidden", "wide"), ("settings.hidden", "'wide' is not a w")
    ),
    "option of a model that is no whole number": Case(
        PLAN, key("models.lstm.settings.hidden", 8.5), ("settings.hidden", "8.5", "whole number")
    ),
    "option of a model below one": Case(
        PLAN, key("models.lstm.settings.hidden", 0), ("settings.hidden", "at least 1")
    ),
    "tab in the configuration": Case(
        PLAN, edited("    time_unit", "\ttime_unit"), ("not valid", "tab indentation")
    ),
    "empty configuration": Case(PLAN, content(b"systems:\n"), ("systems", "mapping")),
    "configuration that is no YAML": Case(PLAN, content(b"systems: {a: [1, 2\n"), ("line",)),
    # places
    "results outside of the folder": Case(
        PLAN, key("results", "results/../../elsewhere"), ("results", "below the working directory")
    ),
    "results in an absolute place": Case(
        PLAN, key("results", "/tmp/elsewhere"), ("results", "below the working directory")
    ),
    "embedded files from outside": Case(
        PLAN,
        mine(source={"kind": "embedded", "files": "../*.h5"}),
        ("source.files", "not in the project's folder"),
    ),
    "download out of its folder": Case(
        PLAN,
        mine(source={"kind": "features", "url": "https://a.b/%2e%2e%2fx.npy", "sha256": "0" * 64}),
        ("source.url", "'../x.npy' is no file name"),
    ),
    # states
    "constant feature": Case(
        STATES,
        several(
            *(array(f"{k}.npy", np.random.default_rng(k).permutation(CONSTANT)) for k in range(4)),
            mine(source__periods={}, coordinates=TICA, base__coordinate="slow"),
            mine(yardstick__coordinate="slow"),
        ),
        ("'phi' is constant", "leave it out"),
    ),
    "feature of a coordinate that is not there": Case(
        STATES, mine(coordinates__both={"features": ["phy"]}), ("'phy'", "did you mean 'phi'")
    ),
    "a state never visited": Case(
        STATES,
        mine(
            source__periods={},
            partitions__fine={
                "method": "nearest_center",
                "centers": [[-90, 0], [90, 0], [9000, 0]],
            },
        ),
        ("no frame is in state 2", "units"),
    ),
    "all frames in one state": Case(
        STATES,
        several(
            *(array(f"{k}.npy", circle(seed=k) / 180) for k in range(4)),
            mine(partitions__fine={"method": "nearest_center", "centers": [[0, 0], [180, 180]]}),
        ),
        ("every training frame is in state 0",),
    ),
    "more states than different frames": Case(
        STATES,
        several(*(array(f"{k}.npy", 90 * (circle(seed=k) > 0)) for k in range(4))),
        ("kmeans", "5 states of 4 distinct frames"),
    ),
    "more states than frames": Case(
        STATES,
        mine(
            partitions__fine__n_states=5000,
            partitions__rough={"method": "kmeans", "n_states": 2},
            yardstick__partition="rough",
        ),
        ("kmeans", "5000", "ask for fewer"),
    ),
    "trajectories shorter than the lag": Case(
        LENGTHS,
        mine(lags=[1, 5, 300], generation__time=1000),
        ("lags", "300 frames", "no trajectory is longer than 200"),
    ),
    "window longer than a trajectory": Case(
        LENGTHS,
        mine(sweeps=[{"interval": [10]}], yardstick__lag=10),
        ("window", "saving interval 10", "20 frames", "training.window"),
    ),
    "one trajectory of less than two blocks": Case(
        LENGTHS,
        mine(source__files="data/0.npy", block=150),
        ("block: 150 frames", "error bars need two blocks", "at most"),
    ),
    "too short to be split": Case(
        STATES,
        data(
            "0.npy",
            lambda path: np.save(path, circle(5)),
            mine(lags=[1, 2, 4], yardstick__lag=4, source__files="data/0.npy"),
        ),
        ("5 frames", "too short to be split"),
    ),
    "states that nothing connects": Case(
        STATES,
        only_states(
            *(np.random.default_rng(k).integers(2, size=150 + k) + 2 * (k % 3) for k in range(6))
        ),
        ("2 of 6 states", "add trajectories"),
    ),
    "map without one of the states": Case(
        STATES,
        states(
            WALK,
            several(
                mine(partitions__fine__map="data/map.dat"),
                lambda folder, _: (folder / "data/map.dat").write_text("0 0\n1 1\n"),
            ),
        ),
        ("data/map.dat", "state 2 of the trajectories is not in the map"),
    ),
    "binary map": Case(
        STATES,
        states(
            WALK,
            several(
                mine(partitions__fine__map="data/map.dat"),
                lambda folder, _: (folder / "data/map.dat").write_bytes(bytes(range(128, 256))),
            ),
        ),
        ("data/map.dat", "not a text file"),
    ),
}
