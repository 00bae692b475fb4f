#!/bin/sh
# Makes the topics that the services tell their facts on. Run again, it changes nothing.
#   BOOTSTRAP=kafka:9092 REPLICATION=3 create-topics.sh
# COMMAND_CONFIG names a file of client settings, where brokers want TLS or a password.
set -eu

# Part of the contract (libs/contracts/src/topics.ts): another number of partitions re-keys every stream.
PARTITIONS=12
TOPICS="
qiyue.identity.events.v1
qiyue.order.events.v1
qiyue.billing.events.v1
qiyue.invoice.events.v1
qiyue.notification.events.v1
qiyue.compliance.events.v1
"

for topic in $TOPICS; do
  # Facts are kept for ever: read models that follow other services are filled again from here.
  /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BOOTSTRAP" ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} --create --if-not-exists --topic "$topic" \
    --partitions "$PARTITIONS" --replication-factor "$REPLICATION" \
    --config cleanup.policy=delete --config retention.ms=-1 --config retention.bytes=-1 --config max.message.bytes=4194304 \
    --config min.insync.replicas="$(( REPLICATION > 1 ? REPLICATION - 1 : 1 ))"
done
