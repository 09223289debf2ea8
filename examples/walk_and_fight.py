"""A player in ten lines: greets everybody, walks up to the nearest animal and fights it. Needs `make world`."""

from emberdale.game import GAME
from myriad.runtime.player_shell import connect

with connect(GAME, "127.0.0.1", 8080, "Ada") as player:
    player.say("Hello, Emberdale!")
    while (prey := player.nearest("Fallow Deer", "Bristle Boar")) and player.own["hp"] > 0:
        player.walk_to(prey.x, prey.y, run=True)
        player.attack(prey)
        player.wait(0.5)
        print(
            f"at {player.position[0]:.1f}, {player.position[1]:.1f}: {prey.kind_name} has {prey.hp:.0%} of its health"
        )
