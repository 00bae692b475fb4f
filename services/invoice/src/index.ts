export { invoiceService } from './invoice.module';
