import { randomUUID } from 'node:crypto';

/** A client that knows what idempotency keys are for: what gets no answer, or 503, is sent again to the next replica with the same key. */
export class Insistent {
  /** Requests that were sent again. */
  again = 0;
  /** Answers that a request for something new must not get. */
  readonly strange: string[] = [];
  private turn = 0;

  constructor(private readonly urls: Readonly<Record<string, readonly string[]>>) {}

  /** Resolves with the answer's body once the command was accepted. */
  async post(path: string, body: unknown, token?: string): Promise<unknown> {
    const key = randomUUID();
    for (;;) {
      const answer = await this.once(path, body, key, token);
      if (answer !== undefined) return answer;
      this.again += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  private async once(path: string, body: unknown, key: string, token?: string): Promise<unknown> {
    const replicas = this.urls[path.split('/')[1] ?? ''] ?? [];
    const url = replicas[(this.turn += 1) % replicas.length] ?? '';
    try {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': key,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as { code?: string };
      if (response.ok) return answer;
      // 409: the other replica may still be working on the same command.
      if (response.status !== 503 && answer.code !== 'in-progress') this.strange.push(`${path}: ${response.status} ${answer.code ?? ''}`);
      return response.status === 503 || answer.code === 'in-progress' ? undefined : answer;
    } catch {
      return undefined;
    }
  }
}
