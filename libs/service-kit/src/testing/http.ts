import type { As } from './index';

export interface RequestOptions {
  readonly as?: As;
  /** `Idempotency-Key`. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is instead of JSON of the body. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  // The tests' own reading of any answer; a schema would only repeat what they assert.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly text: string;
  readonly headers: Headers;
  /** `ETag` without its quotes. */
  readonly revision: string | undefined;
}

const read = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** Sends a request and reads the answer. */
export const request = async (
  url: string,
  method: string,
  path: string,
  body: unknown,
  token: string | undefined,
  { key, headers = {}, raw }: RequestOptions,
): Promise<Answer> => {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(content === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...headers,
    },
    ...(content === undefined ? {} : { body: content }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: read(text),
    text,
    headers: response.headers,
    revision: response.headers.get('etag')?.replaceAll('"', ''),
  };
};
