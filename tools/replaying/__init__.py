"""Replays a scenario on real Kafka brokers and holds acklab's report against what they did."""
