"""Whether documents and logs of ours are what they say."""
