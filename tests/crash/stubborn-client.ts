import { setTimeout as pause } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { Client, type Answer, type Place, type Request } from '../story/client';

const PAUSE_MS = 300;
/** Answers that say "not now": the same request, with the same key, is to be sent again. */
const isForLater = ({ status, body }: Answer): boolean =>
  (status >= 500 && body?.code !== 'not-quiet') ||
  status === 429 ||
  (status === 409 && ['in-progress', 'busy'].includes(String(body?.code)));

/** A client that sends a request again, with the same idempotency key, until it is answered for good: what clients of the platform are told to do. */
export class StubbornClient extends Client {
  /** What must never happen, whatever is killed: an answer of 500. */
  readonly faults: string[] = [];
  again = 0;

  constructor(
    place: Place,
    private readonly patienceMs: number,
  ) {
    super(place);
  }

  override async call(method: string, path: string, request: Request = {}): Promise<Answer> {
    const key = request.key ?? (method === 'GET' ? undefined : randomUUID());
    const giveUpAt = performance.now() + this.patienceMs;
    for (;;) {
      const answer = await super
        .call(method, path, { ...request, key, timeoutMs: path.startsWith('/clock') ? this.patienceMs : 35_000 })
        .catch(() => undefined);
      if (answer?.status === 500) this.faults.push(`${method} ${path}: ${JSON.stringify(answer.body)}`);
      if (answer !== undefined && !isForLater(answer)) return answer;
      if (performance.now() > giveUpAt)
        throw new Error(`${method} ${path} was never answered; the last answer was ${String(answer?.status)}`);
      this.again += 1;
      await pause(PAUSE_MS);
    }
  }
}
