"""Where trajectories come from: simulations of our own and files of the user's."""
