import {
  diffAgreements,
  extractParameters,
  hashAgreement,
  policyParameters,
  type AgreementDocument,
  type PolicyParameters,
} from '@qiyue/agreement';
import { isBefore, type Instant } from '@qiyue/calendar';
import { At, complianceFacts, complianceRejections, OneOf, VersionName } from '@qiyue/contracts';
import { events, publishedAs, stream, Type, type EventOf } from '@qiyue/decider';

// ---- events -----------------------------------------------------------------------------------------------------

const Change = Type.Object({ clause: Type.String(), change: OneOf('added', 'removed', 'changed', 'moved') });

/** Names and shapes are the storage format: add, never edit. */
export const agreementEvents = events({
  AgreementVersionPublished: publishedAs(
    complianceFacts.AgreementVersionPublished,
    Type.Object({
      agreementVersion: VersionName,
      documentHash: Type.String(),
      effectiveAt: At,
      publishedAt: At,
      parameters: Type.Record(Type.String(), Type.Number()),
      changes: Type.Array(Change),
      /** The parsed document itself, anomalies of its numbering included: what people accept is kept word for word. */
      document: Type.Unsafe<AgreementDocument>({ type: 'object' }),
    }),
    ({ document: _document, ...told }) => told,
  ),
});

// ---- state ------------------------------------------------------------------------------------------------------

interface Version {
  readonly agreementVersion: string;
  readonly documentHash: string;
  readonly effectiveAt: Instant;
  readonly parameters: Readonly<Record<string, number>>;
}

export type Agreement =
  | { readonly status: 'none'; readonly versions: readonly Version[] }
  | {
      readonly status: 'published';
      readonly versions: readonly Version[];
      readonly latest: AgreementDocument;
      readonly latestVersion: string;
    };

const evolve = (agreement: Agreement, { data }: EventOf<typeof agreementEvents>): Agreement => {
  const { agreementVersion, documentHash, effectiveAt, parameters, document } = data;
  return {
    status: 'published',
    versions: [...agreement.versions, { agreementVersion, documentHash, effectiveAt, parameters }],
    latest: document,
    latestVersion: agreementVersion,
  };
};

// ---- decisions --------------------------------------------------------------------------------------------------

const { reject } = complianceRejections;

const nothing: AgreementDocument = { title: '', preamble: '', sections: [], anomalies: [] };

interface Publication {
  readonly agreementVersion: string;
  readonly document: AgreementDocument;
  /** Publication itself when absent. */
  readonly effectiveAt?: Instant | undefined;
  /** Numbers of the policy that the document does not state, or states otherwise than the software should read. */
  readonly parameters?: Partial<PolicyParameters> | undefined;
}

/** Whether a version says what is to be published: the same words, and the same instant and numbers as far as they are stated. */
const saysTheSame = (version: Version, documentHash: string, { effectiveAt, parameters = {} }: Publication): boolean =>
  version.documentHash === documentHash &&
  (effectiveAt === undefined || effectiveAt === version.effectiveAt) &&
  Object.entries(parameters).every(([name, value]) => version.parameters[name] === value);

/** 1.2: a version says once and for all what it says; its numbers are read from the document itself. */
const publish = (agreement: Agreement, publication: Publication, { now }: { now: Instant }) => {
  const { agreementVersion, document, effectiveAt, parameters = {} } = publication;
  const extracted = extractParameters(document);
  const unread = extracted.unread.find(({ parameter }) => parameters[parameter] === undefined);
  if (unread !== undefined)
    return reject('agreement-parameter-unread', { parameter: unread.parameter, at: unread.clause, reason: unread.reason });
  const documentHash = hashAgreement(document);
  const existing = agreement.versions.find((version) => version.agreementVersion === agreementVersion);
  if (existing !== undefined) return saysTheSame(existing, documentHash, publication) ? [] : reject('agreement-version-exists');
  if (effectiveAt !== undefined && isBefore(effectiveAt, now)) return reject('agreement-effective-in-past', { effectiveAt });
  const previous = agreement.status === 'published' ? agreement.latest : nothing;
  return [
    agreementEvents.AgreementVersionPublished({
      agreementVersion,
      documentHash,
      document,
      effectiveAt: effectiveAt ?? now,
      publishedAt: now,
      parameters: { ...policyParameters({ ...extracted.parameters, ...parameters }) },
      changes: diffAgreements(previous, document).map(({ clause, change }) => ({ clause, change })),
    }),
  ];
};

export const agreement = stream({
  category: 'agreement',
  events: agreementEvents,
  initialState: { status: 'none', versions: [] } as Agreement,
  evolve,
  decide: { publish },
  agreementVersion: (state) => (state.status === 'published' ? state.latestVersion : undefined),
});

/** The one stream of this category: the user agreement. */
export const userAgreement = 'user';
