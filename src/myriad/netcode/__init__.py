"""The sans-I/O secure connection: netcode 1.02, the inner header and the reliable channels."""
