"""Adapter: four-state Langevin dynamics -> features.h5 or reference.h5."""

from raremd.data.features import write_features
from raremd.data.simulated import four_state
from raremd.io.logs import log_to


def simulate_four_state(simulation: dict, output: str) -> None:
    steps = round(simulation["frame_interval"] / four_state.TIME_STEP)
    trajectories = four_state.simulate(
        simulation["walkers"], simulation["frames"], steps, simulation["seed"]
    )
    write_features(
        output,
        trajectories,
        frame_interval=simulation["frame_interval"],
        time_unit="tau",
        feature_names=["x", "y"],
        periods=[0.0, 0.0],
        checksum=f"four_state seed {simulation['seed']}",
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    simulate_four_state(snakemake.params.simulation, snakemake.output.features)
