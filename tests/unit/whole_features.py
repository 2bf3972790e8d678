"""Whole features files in memory."""

from dataclasses import replace

from raremd.data.features import open_features


def read_features(path):
    with open_features(path) as features:
        return replace(features, trajectories=[t[...] for t in features.trajectories])
