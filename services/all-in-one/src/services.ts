import { billingService } from '@qiyue/billing';
import { complianceService } from '@qiyue/compliance';
import { identityService } from '@qiyue/identity';
import { invoiceService } from '@qiyue/invoice';
import { notificationService } from '@qiyue/notification';
import { orderService } from '@qiyue/order';
import type { ServiceDefinition } from '@qiyue/service-kit';

/** The six services, in the order the story meets them. */
export const allServices: readonly ServiceDefinition[] = [
  identityService,
  orderService,
  billingService,
  invoiceService,
  notificationService,
  complianceService,
];
