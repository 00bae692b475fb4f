export { billingService } from './billing.module';
