"""Operations: what runs, what happened, what to do about it; JSON at `/v1/ops/…`, a page at `/ops`."""
