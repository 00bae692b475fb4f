import 'reflect-metadata';
import { runService } from '@qiyue/service-kit';
import { invoiceService } from './invoice.module';

void runService(invoiceService);
