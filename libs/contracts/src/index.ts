import { billingFacts, billingRejections } from './billing';
import { complianceFacts, complianceRejections } from './compliance';
import { identityFacts, identityRejections } from './identity';
import { invoiceFacts, invoiceRejections } from './invoice';
import { notificationFacts, notificationRejections } from './notification';
import { orderFacts, orderRejections } from './order';

export * from './schema';
export { factsOf, type Fact, type FactData } from './fact';
export { parseType, typeOf, type Envelope } from './envelope';
export { groupOf, partitionCount, serviceNames, topicOf, type ServiceName } from './topics';
export { billingFacts, billingRejections, HoldReason, PaymentMethod, ReceivableKind, unattributed } from './billing';
export { CaseKind, complianceFacts, complianceRejections, SuspensionCause } from './compliance';
export { identityFacts, identityRejections } from './identity';
export { invoiceFacts, invoiceRejections } from './invoice';
export { Channel, notificationFacts, notificationRejections } from './notification';
export { orderFacts, OrderLine, orderRejections, VoucherUse } from './order';

/** Every fact, by service. */
export const allFacts = {
  identity: identityFacts,
  order: orderFacts,
  billing: billingFacts,
  invoice: invoiceFacts,
  notification: notificationFacts,
  compliance: complianceFacts,
} as const;

/** Every service's rejections. */
export const allRejections = {
  identity: identityRejections,
  order: orderRejections,
  billing: billingRejections,
  invoice: invoiceRejections,
  notification: notificationRejections,
  compliance: complianceRejections,
} as const;
