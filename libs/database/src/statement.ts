import { hash } from 'node:crypto';

/** SQL under a name, so that a connection parses and plans it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Names a statement after its text: the same wherever it is made. A digest, because PostgreSQL cuts names after 63 bytes. */
export const statement = (text: string): Statement => ({ name: hash('sha256', text, 'base64'), text });
