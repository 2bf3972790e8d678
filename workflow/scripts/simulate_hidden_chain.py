"""Adapter: hidden chain -> features.h5 with one feature, the state."""

from raremd.data.features import write_features
from raremd.data.simulated.hidden_chain_walk import simulate
from raremd.data.simulated.sets import seeds_of_sets
from raremd.io.logs import log_to
from raremd.study.plans import HiddenChainPlan, from_param


def simulate_hidden_chain(plan: HiddenChainPlan, output: str) -> None:
    write_features(
        output,
        (
            states[:, None]
            for seed in seeds_of_sets(plan.seed, plan.sets)
            for states in simulate(plan.chain, plan.walkers, plan.frames, seed)
        ),
        frame_interval=plan.frame_interval,
        time_unit=plan.time_unit,
        feature_names=["state"],
        periods=[0.0],
        checksum=f"hidden_chain seed {plan.seed}",
        state_labels=range(plan.chain.n_states),
        sets=plan.sets,
    )


if __name__ == "__main__":
    log_to(snakemake.log[0])
    simulate_hidden_chain(
        from_param(HiddenChainPlan, snakemake.params.plan), snakemake.output.features
    )
