"""What several pages share: frame, session, errors, photos, charts, pickers, live updates."""
