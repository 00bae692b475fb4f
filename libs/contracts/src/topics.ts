/** The services, in the order the story meets them. */
export const serviceNames = ['identity', 'order', 'billing', 'invoice', 'notification', 'compliance'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Partitions of every topic. Part of the contract: another number re-keys every stream, so it means a new topic. */
export const partitionCount = 12;

/** The topic with every fact of a service, keyed by stream. */
export const topicOf = (service: ServiceName): string => `qiyue.${service}.events.v1`;

/** The consumer group of one station of a service. */
export const groupOf = (service: ServiceName, station: 'read-models' | 'reactions'): string => `qiyue.${service}.${station}`;
