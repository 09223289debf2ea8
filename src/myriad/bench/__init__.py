"""Named scenarios, each measured by one command: real servers, the real load test, yardsticks, a capacity file."""
