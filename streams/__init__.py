"""How events travel: settings, Faust and its mended transport, tables, dead letters, deadlines."""
