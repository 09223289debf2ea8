"""A player walks across a border between two zones and tells the world what it saw there. Needs `make world`."""

from emberdale.game import GAME
from myriad.runtime.player_shell import connect

with connect(GAME, "127.0.0.1", 8080, "Ada", spawn=(985, 199)) as player:
    player.walk_to(1020, 199)
    for _ in range(60):
        before = player.zone
        player.wait(0.25)
        if player.zone != before:
            print(f"from {before} to {player.zone} at {player.position[0]:.1f}, {player.position[1]:.1f}")
    seen = sorted({entity.kind_name for entity in player.entities()})
    player.say(f"In {player.zone} I see {', '.join(seen) or 'nobody'}.", scope="world")
    player.wait_until(lambda: any(chat.speaker == player.id for chat in player.chats), 5.0)
    for chat in player.chats:
        print(f"{chat.name}: {chat.text}")
