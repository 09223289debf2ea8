"""What every other part stands on: errors, settings, time, histograms, metrics, and how kernels are compiled."""
