"""The first load: what is known of everybody, before the first right."""
