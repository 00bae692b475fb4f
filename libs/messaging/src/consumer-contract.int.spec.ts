import { consumerContract, embeddedBroker, factServerContract } from './testing';

const serverUrl = process.env['QIYUE_TEST_POSTGRES_URL'] ?? '';

consumerContract('embedded', () => embeddedBroker(serverUrl), serverUrl);
factServerContract('embedded', () => embeddedBroker(serverUrl), serverUrl);
