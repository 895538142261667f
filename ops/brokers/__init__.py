"""Brokers for one machine: Apache Kafka itself, or an embedded one from a wheel for a first look."""
