// What the client package makes of a connection string, checked before it gets to see it: it prints strings it does not like, password and all.
import { StoreFault } from './faults';

/** The options the client knows, as it compares them: without case, dashes and underscores. */
const known: ReadonlySet<string> = new Set([
  'usercertfile',
  'userkeyfile',
  'maxdiscoverattempts',
  'connectionname',
  'defaultdeadline',
  'discoveryinterval',
  'gossiptimeout',
  'nodepreference',
  'tls',
  'tlscafile',
  'throwonappendfailure',
  'keepaliveinterval',
  'keepalivetimeout',
]);

const parts =
  /^(?<scheme>[a-z]+)(?<discover>\+discover)?:\/\/(?:(?<user>[^:@/?]+):(?<password>[^@]+)@)?(?<hosts>[^@/?]+)\/?(?:\?(?<options>.*))?$/;

const optionsOf = (text = ''): string[] => text.split('&').filter((option) => option !== '');
const keyOf = (option: string): string => (option.split('=')[0] ?? '').trim();
const plain = (key: string): string => key.toLowerCase().replace(/[_-]/g, '');

/** The string as the client wants it. Throws `StoreFault` that says what is wrong with it, and quotes nothing but names of options. */
export const readConnectionString = (text: string): string => {
  const { scheme, discover = '', user, password, hosts, options } = parts.exec(text.trim())?.groups ?? {};
  const refuse = (why: string): never => {
    throw new StoreFault(`the connection string of the event store ${why}`);
  };
  if (hosts === undefined || !['esdb', 'kurrentdb', 'kdb'].includes(scheme ?? ''))
    return refuse('is not esdb://[user:password@]host:port[,host:port][?option=value&…], with user and password percent-encoded');
  if (password?.includes(':')) refuse('has a colon in its password, which must be written %3A');
  for (const option of optionsOf(options)) {
    const key = keyOf(option);
    if (plain(key) === 'tlsverifycert') refuse(`has the option ${key}: certificates are always verified, give tlsCaFile`);
    if (!known.has(plain(key))) refuse(`has the unknown option ${key}`);
    if (!/=./.test(option)) refuse(`gives the option ${key} no value`);
  }
  const credentials = user === undefined ? '' : `${user}:${password}@`;
  return `esdb${discover}://${credentials}${hosts}${optionsOf(options).length === 0 ? '' : `?${optionsOf(options).join('&')}`}`;
};

const turns = 100;

/**
 * The same connection, told from the ones before. Channels of the same target and the same options share their network connections in the whole
 * process, also one that has fallen silent without a word; an option that differs by milliseconds keeps them apart.
 */
export const apart = (connectionString: string, turn: number): string => {
  if (turn === 0) return connectionString;
  const own = optionsOf(/\?(.*)$/.exec(connectionString)?.[1]).filter((option) => plain(keyOf(option)) === 'keepalivetimeout');
  const timeoutMs = Number(own.at(-1)?.split('=')[1] ?? 10_000);
  // -1 turns the timeout off; then there is nothing to vary.
  if (!(timeoutMs > 0)) return connectionString;
  return `${connectionString}${connectionString.includes('?') ? '&' : '?'}keepAliveTimeout=${timeoutMs + (turn % turns)}`;
};
