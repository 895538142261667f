"""`jardem status`: how the service stands, on one screen."""
