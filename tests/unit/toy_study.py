"""A small configuration that tests change in one place."""

from __future__ import annotations

import yaml

TOY = """
models:
  markov: {}
  lstm: {settings: {hidden: 16}}
  lstm_twice: {kind: lstm, control_of: lstm, budget: 2, settings: {hidden: 16}}
systems:
  toy:
    source: {kind: four_state, walkers: 8, time: 40000, reference_walkers: 8, reference_time: 8000}
    frame_interval: 0.5
    time_unit: tau
    coordinates:
      x: {features: [x]}
      xy: {features: [x, y]}
      slow: {tica_dimension: 2, tica_lag: 5}
    partitions:
      fine: {method: kmeans, n_states: 10}
      lumped: {method: pcca, microstates: fine, n_states: 4, lag: 50}
      coarse: {method: nearest_center, centers: [[2, -1], [0.5, 2]]}
      cored: {of: coarse, recrossing: dynamical_coring, tau_c: 10}
    base: {coordinate: xy, interval: 5, partition: coarse}
    sweeps:
      - {coordinate: [x], partition: [fine, coarse]}
      - {partition: [cored], models: [lstm]}
      - {models: [lstm_twice]}
    lags: [5, 10, 50, 100]
    yardstick: {coordinate: xy, partition: coarse, lag: 50}
    generation: {walkers: 16, time: 2000}
    claims:
      C1: {easy: {}}
      C5: {hard: {}, easy: {partition: cored}}
"""


def toy(**at):
    """The toy study with values replaced: `toy(**{"systems.toy.lags": [5]})`; None deletes."""
    config = yaml.safe_load(TOY)
    for path, value in at.items():
        *parents, key = path.split(".")
        place = config
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            del place[key]
        else:
            place[key] = value
    return config


def in_toy(**at):
    return toy(**{f"systems.toy.{path.replace('__', '.')}": value for path, value in at.items()})
