"""Who is told what: cells, keyframes, deltas, views on the server; the view that decodes them on the client.

Responsible for: turning a zone's entities into shared sections once a snapshot, choosing and copying the sections of
each viewer's datagram, and rebuilding the entities from those bytes at the other end.
Not here: connections and acknowledgements (`netcode/`), the head of a snapshot (`zone/`, `client/`), the rules.

Call order of a server, once a snapshot: `encode.encode`, then for each viewer `viewers.view_follow` and
`assembly.write_view`; between snapshots `viewers.on_acked` and `viewers.on_nack`. A client calls `view.apply` for each
snapshot payload, `view.take_nacks` for each input packet, and `view_listing.visible_entities` for what it draws.
"""
