"""Where turbines stand: what a layout must keep, ways to make one, and to improve it."""
