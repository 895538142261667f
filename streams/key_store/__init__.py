"""Where the keys of persons and numbers are kept, each encrypted: apart from what is encrypted with them."""
