import { embeddedBroker, transportContract } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

transportContract('embedded', () => embeddedBroker(serverUrl));
