import 'reflect-metadata';
import { runService } from '@qiyue/service-kit';
import { identityService } from './identity.module';

void runService(identityService);
