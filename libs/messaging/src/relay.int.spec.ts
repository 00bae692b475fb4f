import { embeddedBroker, relayContract, relayCrashContract } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';
const open = () => embeddedBroker(serverUrl);

relayContract('embedded', open, serverUrl);
relayCrashContract('embedded', open, serverUrl);
