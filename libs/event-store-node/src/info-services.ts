import { bytesField, message, numberField, textField, uint64Field } from './protobuf';

// What clients ask before they start: what the node can do, and who is in the cluster. The numbers are those of the public
// serverfeatures.proto and gossip.proto.

/** The version told to clients: the server release whose behaviour this node follows. */
const SERVER_VERSION = '24.10.0';

const LEADER = 8;

/** Tenths of microseconds between the year 1 and 1970. */
const TICKS_BEFORE_1970 = 621_355_968_000_000_000n;

/** Names of the services and their methods, as in their paths. */
export type Methods = Readonly<Record<string, readonly string[]>>;

const FEATURES: Readonly<Record<string, readonly string[]>> = { Read: ['position', 'events'], BatchAppend: ['deadline_duration'] };

/** The answer to ServerFeatures.GetSupportedMethods. */
export const supportedMethods = (services: Methods): Buffer => {
  const methods = Object.entries(services).flatMap(([service, names]) =>
    names.map((name) =>
      bytesField(
        1,
        message(
          textField(1, name.toLowerCase()),
          textField(2, service.toLowerCase()),
          ...(service.endsWith('Streams') ? (FEATURES[name] ?? []) : []).map((feature) => textField(3, feature)),
        ),
      ),
    ),
  );
  return message(...methods, textField(2, SERVER_VERSION));
};

/** The answer to Gossip.Read: a cluster of one, this node, its leader. */
export const clusterInfo = (instanceId: string, host: string, port: number, nowMs: number): Buffer =>
  bytesField(
    1,
    message(
      bytesField(1, textField(2, instanceId)),
      uint64Field(2, BigInt(nowMs) * 10_000n + TICKS_BEFORE_1970),
      numberField(3, LEADER),
      numberField(4, 1),
      bytesField(5, message(textField(1, host), numberField(2, port))),
    ),
  );
