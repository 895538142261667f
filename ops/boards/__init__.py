"""The boards for Grafana, as `make docs` writes them to `deploy/grafana/`."""
