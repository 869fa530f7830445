"""Apache Kafka as source and sink: settings, consumer, senders, topics."""
