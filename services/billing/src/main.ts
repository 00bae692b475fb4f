import 'reflect-metadata';
import { runService } from '@qiyue/service-kit';
import { billingService } from './billing.module';

void runService(billingService);
