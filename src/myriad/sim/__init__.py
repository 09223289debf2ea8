"""The simulation's data and its engine kernels: columns, rows, grid, random numbers, collision, history, state hash."""
