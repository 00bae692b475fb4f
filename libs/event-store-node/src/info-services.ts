import type { handleUnaryCall } from '@grpc/grpc-js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { UUID, type Empty } from '@eventstore/db-client/generated/shared_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';

/** The version told to clients: the server release whose behaviour this node follows. */
export const SERVER_VERSION = '24.10.0';

const FEATURES: Readonly<Record<string, readonly string[]>> = { '/event_store.client.streams.streams/read': ['position', 'events'] };

const supported = (): SupportedMethods => {
  const answer = new SupportedMethods().setEventStoreServerVersion(SERVER_VERSION);
  for (const service of [StreamsService, GossipService, ServerFeaturesService]) {
    for (const { path } of Object.values(service)) {
      const lower = path.toLowerCase();
      const [, serviceName = '', methodName = ''] = lower.split('/');
      answer.addMethods(new SupportedMethod().setServiceName(serviceName).setMethodName(methodName).setFeaturesList([...(FEATURES[lower] ?? [])]));
    }
  }
  return answer;
};

/** What this node can do; clients ask once per connection. */
export const getSupportedMethods: handleUnaryCall<Empty, SupportedMethods> = (_call, callback) => callback(null, supported());

/** A cluster of one: this node, its leader. `address` is called for every answer, as the port may be known late. */
export const readGossip = (instanceId: string, address: () => { readonly host: string; readonly port: number }, nowMs: () => number): handleUnaryCall<Empty, ClusterInfo> =>
  (_call, callback) => {
    const { host, port } = address();
    const self = new MemberInfo()
      .setInstanceId(new UUID().setString(instanceId))
      // In .NET's ticks: tenths of microseconds since the year 1.
      .setTimeStamp(String(BigInt(nowMs()) * 10_000n + 621_355_968_000_000_000n))
      .setState(MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new EndPoint().setAddress(host).setPort(port));
    callback(null, new ClusterInfo().setMembersList([self]));
  };
