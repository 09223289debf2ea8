"""The smallest game for Myriad: walk about, stand by the beacon, score."""
