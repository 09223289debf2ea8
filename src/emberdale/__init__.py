"""Emberdale: the reference game, written against `myriad.game` alone. `emberdale.game.GAME` is the game."""
