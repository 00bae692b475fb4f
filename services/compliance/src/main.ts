import 'reflect-metadata';
import { runService } from '@qiyue/service-kit';
import { complianceService } from './compliance.module';

void runService(complianceService);
