import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { Methods } from './info-services';

// The services by the paths of the public protocol. Messages pass as bytes; the handlers take them apart, so that a malformed
// one gets a proper answer.

const asIs = (message: Buffer): Buffer => message;

const service = (
  name: string,
  methods: Readonly<Record<string, 'unary' | 'client-stream' | 'server-stream' | 'duplex'>>,
): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(methods).map(([method, kind]): [string, MethodDefinition<Buffer, Buffer>] => [
      method,
      {
        path: `/${name}/${method}`,
        requestStream: kind === 'client-stream' || kind === 'duplex',
        responseStream: kind === 'server-stream' || kind === 'duplex',
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  );

export const STREAMS = service('event_store.client.streams.Streams', {
  Read: 'server-stream',
  Append: 'client-stream',
  Delete: 'unary',
  Tombstone: 'unary',
  BatchAppend: 'duplex',
});

export const GOSSIP = service('event_store.client.gossip.Gossip', { Read: 'unary' });

export const FEATURES = service('event_store.client.server_features.ServerFeatures', { GetSupportedMethods: 'unary' });

/** The services and methods defined, by name. */
export const methodsOf = (...services: readonly ServiceDefinition[]): Methods => {
  const names: Record<string, string[]> = {};
  for (const { path } of services.flatMap((definition) => Object.values(definition))) {
    const [, serviceName = '', method = ''] = path.split('/');
    (names[serviceName] ??= []).push(method);
  }
  return names;
};
