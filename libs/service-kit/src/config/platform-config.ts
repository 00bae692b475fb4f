import { IsBase64, IsBoolean, IsIn, IsInt, IsISO8601, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { faultsOfConnections } from './connections';
import { referenceOf, Setting, type SettingReference } from './setting';

/** Settings of the process, whichever services it runs. */
export class PlatformConfig {
  @Setting('HOST', { meaning: 'Address that the HTTP server listens on.', default: '127.0.0.1' })
  @IsString()
  host!: string;

  @Setting('PORT', { meaning: 'Port of the HTTP server; 0 takes a free one.', default: '3000' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port!: number;

  @Setting('POSTGRES_URL', {
    meaning:
      'PostgreSQL server, without a database name: each service has its own, `qiyue_<service>`. By TLS with `?sslmode=verify-full&sslrootcert=FILE`, and `&sslcert=FILE&sslkey=FILE` for a certificate of our own.',
    secret: true,
  })
  @Matches(/^postgres(ql)?:\/\//)
  postgresUrl!: string;

  @Setting('DATABASE_PREFIX', { meaning: 'What the names of all databases start with.', default: 'qiyue_' })
  @Matches(/^[a-z][a-z0-9_]{0,30}$/)
  databasePrefix!: string;

  @Setting('CREATE_DATABASES', { meaning: 'Whether databases that do not exist are created at start.', default: 'on' })
  @IsBoolean()
  createDatabases!: boolean;

  @Setting('EVENT_STORE_URL', {
    meaning:
      'Connection string of EventStoreDB / KurrentDB: `esdb://user:password@host:port?tlsCaFile=FILE`; without TLS `esdb://host:port?tls=false`.',
    secret: true,
  })
  @Matches(/^(esdb|kurrentdb|kdb)(\+discover)?:\/\//)
  eventStoreUrl!: string;

  @Setting('VAULT_KEK', { meaning: 'Key-encryption key of the vault of account keys: 32 bytes, base64.', secret: true })
  @IsBase64()
  @Matches(/^[A-Za-z0-9+/]{43}=$/)
  vaultKek!: string;

  @Setting('BUS', { meaning: '`embedded` (a durable log in PostgreSQL) or `kafka`.', default: 'embedded' })
  @IsIn(['embedded', 'kafka'])
  bus!: 'embedded' | 'kafka';

  @Setting('KAFKA_BROKERS', { meaning: 'Brokers, `host:port`, comma separated; needed when BUS is `kafka`.' })
  @IsOptional()
  @Matches(/^[^\s,]+:\d+(,[^\s,]+:\d+)*$/)
  kafkaBrokers?: string;

  @Setting('KAFKA_CLIENT_ID', { meaning: 'Name of this platform in the logs and quotas of the brokers.', default: 'qiyue' })
  @Matches(/^[A-Za-z0-9._-]{1,100}$/)
  kafkaClientId!: string;

  @Setting('KAFKA_TLS', { meaning: 'Whether brokers are reached by TLS.', default: 'off' })
  @IsBoolean()
  kafkaTls!: boolean;

  @Setting('KAFKA_TLS_CA_FILE', {
    meaning: 'File (PEM) with the certificate authority of the brokers; the authorities that Node trusts if left out.',
  })
  @IsOptional()
  @IsString()
  kafkaTlsCaFile?: string;

  @Setting('KAFKA_TLS_CERT_FILE', { meaning: 'File (PEM) with the certificate that this process shows to brokers.' })
  @IsOptional()
  @IsString()
  kafkaTlsCertFile?: string;

  @Setting('KAFKA_TLS_KEY_FILE', { meaning: 'File (PEM) with the private key of that certificate.' })
  @IsOptional()
  @IsString()
  kafkaTlsKeyFile?: string;

  @Setting('KAFKA_SASL_MECHANISM', {
    meaning: 'How this process signs in to brokers: `plain` (by TLS only), `scram-sha-256` or `scram-sha-512`; not at all if left out.',
  })
  @IsOptional()
  @IsIn(['plain', 'scram-sha-256', 'scram-sha-512'])
  kafkaSaslMechanism?: 'plain' | 'scram-sha-256' | 'scram-sha-512';

  @Setting('KAFKA_SASL_USERNAME', { meaning: 'User that this process signs in to brokers as.' })
  @IsOptional()
  @IsString()
  kafkaSaslUsername?: string;

  @Setting('KAFKA_SASL_PASSWORD', { meaning: 'Password of that user.', secret: true })
  @IsOptional()
  @IsString()
  kafkaSaslPassword?: string;

  @Setting('TLS_REQUIRED', {
    meaning: 'Whether this process refuses to start unless PostgreSQL, the event store and Kafka are reached by TLS and with credentials.',
    default: 'off',
  })
  @IsBoolean()
  tlsRequired!: boolean;

  @Setting('AUTH_SIGNING_KEY', {
    meaning:
      'Private Ed25519 key (PKCS #8 PEM or JWK) that the identity service signs tokens with. Without it one is made and kept in the platform database.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  authSigningKey?: string;

  @Setting('AUTH_JWKS_URL', {
    meaning: 'Where public keys of the identity service are read. Not needed where identity runs in the same process.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false })
  authJwksUrl?: string;

  @Setting('AUTH_ISSUER', { meaning: 'Issuer (`iss`) of tokens.', default: 'qiyue' })
  @IsString()
  authIssuer!: string;

  @Setting('AUTH_AUDIENCE', { meaning: 'Audience (`aud`) of tokens.', default: 'qiyue' })
  @IsString()
  authAudience!: string;

  @Setting('TOKEN_TTL_SECONDS', { meaning: 'Life of a token, in seconds.', default: '900' })
  @IsInt()
  @Min(10)
  @Max(86_400)
  tokenTtlSeconds!: number;

  @Setting('TOKEN_SKEW_SECONDS', { meaning: 'How far the clock of whoever issued a token may be off, in seconds.', default: '5' })
  @IsInt()
  @Min(0)
  @Max(300)
  tokenSkewSeconds!: number;

  @Setting('TOKENS_KEPT_MAX', {
    meaning:
      'Tokens whose signature is not checked again within a minute; the ones used longest ago are forgotten first. 0: every one is checked each time.',
    default: '5000',
  })
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  tokensKeptMax!: number;

  @Setting('QIYUE_TEST_CLOCK', {
    meaning: '`off`; `on`: time can be moved ahead and flows on; `frozen`: time stands still but for being moved. Never in production.',
    default: 'off',
  })
  @IsIn(['off', 'on', 'frozen'])
  testClock!: 'off' | 'on' | 'frozen';

  @Setting('QIYUE_TEST_CLOCK_START', {
    meaning: 'Instant (ISO 8601, UTC) at which a test clock that has never run starts; the time of the machine if left out.',
  })
  @IsOptional()
  @IsISO8601({ strict: true })
  testClockStart?: string;

  @Setting('QIYUE_TEST_CLOCK_PEERS', {
    meaning:
      'Base URLs of all other processes of the platform, replicas included, comma separated: with them moving the test clock and settling speak for all of them.',
  })
  @IsOptional()
  @Matches(/^https?:\/\/[^\s,]+(,https?:\/\/[^\s,]+)*$/)
  testClockPeers?: string;

  @Setting('BODY_LIMIT_BYTES', { meaning: 'Largest request body, in bytes.', default: '262144' })
  @IsInt()
  @Min(1024)
  @Max(16_777_216)
  bodyLimitBytes!: number;

  @Setting('JSON_DEPTH_MAX', { meaning: 'How deep a request body may be nested.', default: '32' })
  @IsInt()
  @Min(4)
  @Max(1_000)
  jsonDepthMax!: number;

  @Setting('HEADERS_LIMIT_BYTES', { meaning: 'Largest request line and headers together, in bytes.', default: '16384' })
  @IsInt()
  @Min(2_048)
  @Max(1_048_576)
  headersLimitBytes!: number;

  @Setting('IDEMPOTENCY_KEY_CHARS_MAX', { meaning: 'Longest idempotency key, in characters.', default: '200' })
  @IsInt()
  @Min(36)
  @Max(1_000)
  idempotencyKeyCharsMax!: number;

  @Setting('CONNECTIONS_MAX', { meaning: 'Connections open at a time; more are closed unanswered.', default: '2000' })
  @IsInt()
  @Min(10)
  @Max(100_000)
  connectionsMax!: number;

  @Setting('KEEP_ALIVE_MS', { meaning: 'How long an idle connection is kept open, in milliseconds.', default: '10000' })
  @IsInt()
  @Min(100)
  @Max(600_000)
  keepAliveMs!: number;

  @Setting('RECEIVE_TIMEOUT_MS', {
    meaning: 'How long head and body of a request may take to arrive, in milliseconds; then it is answered 408.',
    default: '10000',
  })
  @IsInt()
  @Min(100)
  @Max(600_000)
  receiveTimeoutMs!: number;

  @Setting('PAGE_SIZE_MAX', { meaning: 'Most rows a page of a list may have.', default: '100' })
  @IsInt()
  @Min(1)
  @Max(1000)
  pageSizeMax!: number;

  @Setting('REQUEST_TIMEOUT_MS', { meaning: 'How long a request may take, in milliseconds; then it is answered 503.', default: '30000' })
  @IsInt()
  @Min(100)
  @Max(600_000)
  requestTimeoutMs!: number;

  @Setting('REQUESTS_MAX', { meaning: 'Requests worked on at a time; more are answered 503.', default: '500' })
  @IsInt()
  @Min(1)
  @Max(100_000)
  requestsMax!: number;

  @Setting('COMMAND_ATTEMPTS_MAX', { meaning: 'How often a command is decided anew after losing a race for its stream.', default: '10' })
  @IsInt()
  @Min(1)
  @Max(100)
  commandAttemptsMax!: number;

  @Setting('STREAM_WAITING_MAX', {
    meaning: 'Requests that may wait for their turn on one stream; one more is answered 409.',
    default: '50',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  streamWaitingMax!: number;

  @Setting('STORE_ATTEMPTS_MAX', {
    meaning: 'How often the event store is asked again when it does not answer, before a command is answered 503.',
    default: '6',
  })
  @IsInt()
  @Min(1)
  @Max(100)
  storeAttemptsMax!: number;

  @Setting('APPEND_LIMIT_BYTES', {
    meaning: 'Most bytes that the events of one command may have; not more than the event store takes (its own default is 1 MiB).',
    default: '1000000',
  })
  @IsInt()
  @Min(2_048)
  @Max(16_777_216)
  appendLimitBytes!: number;

  @Setting('REACTION_ATTEMPTS_MAX', { meaning: 'How often a reaction or a deadline is tried before it is parked.', default: '5' })
  @IsInt()
  @Min(1)
  @Max(100)
  reactionAttemptsMax!: number;

  @Setting('REACTION_BACKOFF_MS', {
    meaning: 'Pause before the second attempt of a reaction, in milliseconds; it doubles with each.',
    default: '100',
  })
  @IsInt()
  @Min(1)
  @Max(60_000)
  reactionBackoffMs!: number;

  @Setting('RELAY_BATCH_MAX', { meaning: 'Most facts that are put on the bus at a time.', default: '500' })
  @IsInt()
  @Min(1)
  @Max(500)
  relayBatchMax!: number;

  @Setting('CONSUMER_BATCH_MAX', { meaning: 'Most facts that a consumer takes at a time.', default: '500' })
  @IsInt()
  @Min(1)
  @Max(10_000)
  consumerBatchMax!: number;

  @Setting('PROJECTION_BATCH_MAX', { meaning: 'Most events that own read models take at a time.', default: '5000' })
  @IsInt()
  @Min(1)
  @Max(50_000)
  projectionBatchMax!: number;

  @Setting('REACTION_BATCH_MAX', {
    meaning: 'Most own events that reactions and deadlines take at a time.',
    default: '100',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  reactionBatchMax!: number;

  @Setting('FEED_EVENTS_MAX', {
    meaning: 'Most own events that a service keeps in memory for those of its parts that are behind; one further behind reads by itself.',
    default: '1000',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  feedEventsMax!: number;

  @Setting('REACTION_CONCURRENCY_MAX', { meaning: 'Streams whose facts a consumer reacts to at a time.', default: '8' })
  @IsInt()
  @Min(1)
  @Max(100)
  reactionConcurrencyMax!: number;

  @Setting('PARKED_KEYS_MAX', {
    meaning: 'Streams that may be parked for one consumer; with one more its partition halts.',
    default: '1000',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  parkedKeysMax!: number;

  @Setting('PARKED_EVENTS_MAX', {
    meaning: 'Facts that may wait behind one parked stream; with one more its partition halts.',
    default: '1000',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  parkedEventsMax!: number;

  @Setting('DEADLINE_POLL_MS', { meaning: 'How often due deadlines are looked for, in milliseconds.', default: '500' })
  @IsInt()
  @Min(10)
  @Max(60_000)
  deadlinePollMs!: number;

  @Setting('ANSWER_DAYS', { meaning: 'How long answers to keyed commands that led to no event are kept, in days.', default: '30' })
  @IsInt()
  @Min(1)
  @Max(365)
  answerDays!: number;

  @Setting('POOL_MAX', { meaning: 'Most PostgreSQL connections of one service in the process.', default: '6' })
  @IsInt()
  @Min(5)
  @Max(100)
  poolMax!: number;

  @Setting('POOL_WAIT_MS', {
    meaning: 'How long work waits for a PostgreSQL connection, in milliseconds; then it is answered 503, or tried again.',
    default: '10000',
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  poolWaitMs!: number;

  @Setting('SETTLE_TIMEOUT_MS', { meaning: 'How long the test clock waits for quiet, in milliseconds.', default: '30000' })
  @IsInt()
  @Min(100)
  @Max(600_000)
  settleTimeoutMs!: number;

  @Setting('STOP_TIMEOUT_MS', {
    meaning: 'How long a stopping process waits for requests and consumers, in milliseconds.',
    default: '20000',
  })
  @IsInt()
  @Min(100)
  @Max(300_000)
  stopTimeoutMs!: number;

  @Setting('LOG_LEVEL', { meaning: 'Least severe log level that is written.', default: 'info' })
  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  logLevel!: string;

  /** What is wrong between settings that are right by themselves. */
  faults(): readonly string[] {
    return faultsOfConnections(this);
  }
}

/** Every setting of the platform, and of further classes of settings if given: what the configuration page is made of. */
export const configReference = (more: readonly (new () => object)[] = []): readonly SettingReference[] =>
  referenceOf([PlatformConfig, ...more]);
