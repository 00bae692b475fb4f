/** What the platform answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are JSON of many shapes; the story checks what it reads
  readonly body: any;
}

export interface Request {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly key?: string | undefined;
  /** After how long no answer counts as no answer, in milliseconds; never if left out. */
  readonly timeoutMs?: number;
}

/** Where the platform answers: one base URL for all of it, or those of each service's replicas. */
export type Place = string | Readonly<Record<string, readonly string[]>>;

/** Plain HTTP with JSON, as any client of the platform would speak it. Of several replicas each is asked in turn. */
export class Client {
  private turn = 0;

  constructor(private readonly place: Place) {}

  private urlOf(path: string): string {
    if (typeof this.place === 'string') return this.place;
    // What is no service's own, such as the test clock, every process answers for all.
    const replicas = this.place[path.split('/')[1] ?? ''] ?? Object.values(this.place)[0] ?? [];
    return replicas[(this.turn += 1) % replicas.length] ?? '';
  }

  async call(method: string, path: string, { token, body, key, timeoutMs }: Request = {}): Promise<Answer> {
    const response = await fetch(`${this.urlOf(path)}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  get = (path: string, token?: string): Promise<Answer> => this.call('GET', path, { token });
  post = (path: string, body: unknown, token?: string, key?: string): Promise<Answer> => this.call('POST', path, { body, token, key });
}
