"""Adapter: four-state Langevin dynamics -> features.h5 or reference.h5."""

from raremd.data.features import write_features
from raremd.data.simulated import four_state
from raremd.data.simulated.sets import seeds_of_sets
from raremd.io.logs import log_to
from raremd.study.plans import SimulationPlan, from_param


def simulate_four_state(plan: SimulationPlan, output: str) -> None:
    steps = round(plan.frame_interval / four_state.TIME_STEP)
    write_features(
        output,
        (
            trajectory
            for seed in seeds_of_sets(plan.seed, plan.sets)
            for trajectory in four_state.simulate(plan.walkers, plan.frames, steps, seed)
        ),
        frame_interval=plan.frame_interval,
        time_unit="tau",
        feature_names=["x", "y"],
        periods=[0.0, 0.0],
        checksum=f"four_state seed {plan.seed}",
        sets=plan.sets,
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    simulate_four_state(
        from_param(SimulationPlan, snakemake.params.plan), snakemake.output.features
    )
