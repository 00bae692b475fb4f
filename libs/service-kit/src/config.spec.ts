import { ConfigFaults, configReference, PlatformConfig, readSettings } from './index';
import { LampConfig } from './fixtures/lamp';

const good = {
  POSTGRES_URL: 'postgres://127.0.0.1:5432',
  EVENT_STORE_URL: 'esdb://127.0.0.1:2113?tls=false',
  VAULT_KEK: Buffer.alloc(32).toString('base64'),
};
const faultsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readSettings([PlatformConfig, LampConfig], env);
    return [];
  } catch (fault) {
    return (fault as ConfigFaults).faults;
  }
};

describe('configuration', () => {
  test('defaults fill what is not given', () => {
    const [platform, lamp] = readSettings([PlatformConfig, LampConfig], good);
    expect(platform).toMatchObject({ port: 3000, bodyLimitBytes: 262_144, testClock: 'off', createDatabases: true });
    expect(lamp.colour).toBe('warm');
  });
  test('an empty variable is one that is not given', () =>
    expect(readSettings([PlatformConfig], { ...good, PORT: '' })[0].port).toBe(3000));
  test('every fault is told at once', () => {
    expect(faultsOf({ PORT: 'many', QIYUE_TEST_CLOCK: 'maybe', CREATE_DATABASES: 'perhaps' }).map((fault) => fault.split(':')[0])).toEqual(
      expect.arrayContaining(['PORT', 'POSTGRES_URL', 'EVENT_STORE_URL', 'VAULT_KEK', 'QIYUE_TEST_CLOCK', 'CREATE_DATABASES']),
    );
  });
  test('what is missing is said to be missing', () => expect(faultsOf({ ...good, VAULT_KEK: '' })).toEqual(['VAULT_KEK: is not set']));
  test('a fault never repeats the value', () =>
    expect(faultsOf({ ...good, VAULT_KEK: 'hunter2', POSTGRES_URL: 'mysql://root:hunter2@db' }).join()).not.toContain('hunter2'));
  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['PORT', '0x10'],
    ['BODY_LIMIT_BYTES', '1023'],
    ['TOKEN_TTL_SECONDS', '9'],
    ['DATABASE_PREFIX', 'Qiyue'],
    ['DATABASE_PREFIX', 'q"; drop'],
    ['KAFKA_BROKERS', 'nohost'],
    ['VAULT_KEK', Buffer.alloc(31).toString('base64')],
    ['EVENT_STORE_URL', 'http://x'],
  ])('%s=%s is refused', (name, value) => expect(faultsOf({ ...good, [name]: value })).toHaveLength(1));
  test('the reference names every setting once, with a meaning, and defaults of secrets are never shown', () => {
    const reference = configReference([LampConfig]);
    expect(new Set(reference.map(({ name }) => name)).size).toBe(reference.length);
    expect(reference.every(({ meaning }) => meaning.endsWith('.'))).toBe(true);
    expect(reference).toContainEqual({ name: 'LAMP_COLOUR', meaning: 'Colour of new lamps.', default: 'warm', secret: false });
    expect(reference.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'POSTGRES_URL',
      'EVENT_STORE_URL',
      'VAULT_KEK',
      'KAFKA_SASL_PASSWORD',
      'AUTH_SIGNING_KEY',
    ]);
    expect(reference.filter(({ secret, default: fallback }) => secret && fallback !== undefined)).toEqual([]);
  });
});
