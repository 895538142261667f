"""How events travel: settings, the Faust application and its mended transport, tables, dead letters, deadlines."""
