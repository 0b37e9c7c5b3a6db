"""Own what the chunks of a run come to: outcomes, tables, rows."""
