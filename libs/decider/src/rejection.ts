/** A business refusal: returned by a decision, never thrown. */
export interface Rejection<Code extends string = string> {
  readonly kind: 'rejection';
  readonly code: Code;
  /** Plain JSON that helps the caller understand; never personal data. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** What is declared of a rejection code. `status` is for the HTTP edge alone; decisions never see it. */
export interface RejectionEntry {
  readonly status: 400 | 403 | 404 | 409 | 422;
  readonly clause?: string;
  /** One plain sentence for the person whose command was refused. */
  readonly meaning: string;
}

/** Codes in order of precedence: a command with two faults gets the first. */
export interface Rejections<Code extends string = string> {
  readonly service: string;
  readonly table: Readonly<Record<Code, RejectionEntry>>;
  readonly reject: <C extends Code>(code: C, details?: Rejection['details']) => Rejection<C>;
}

/** Declares the rejections of a service, in order of precedence. */
export const rejections = <const Table extends Readonly<Record<string, RejectionEntry>>>(
  service: string,
  table: Table,
): Rejections<keyof Table & string> => ({
  service,
  table,
  reject: (code, details) => ({ kind: 'rejection', code, ...(details === undefined ? {} : { details }) }),
});

/** Whether a decision refused. */
export const isRejection = (value: unknown): value is Rejection =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'rejection';
