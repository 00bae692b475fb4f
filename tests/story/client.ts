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
}

/** Plain HTTP with JSON, as any client of the platform would speak it. */
export class Client {
  constructor(readonly url: string) {}

  async call(method: string, path: string, { token, body, key }: Request = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  get = (path: string, token?: string): Promise<Answer> => this.call('GET', path, { token });
  post = (path: string, body: unknown, token?: string, key?: string): Promise<Answer> => this.call('POST', path, { body, token, key });
}
