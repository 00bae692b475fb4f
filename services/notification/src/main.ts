import 'reflect-metadata';
import { runService } from '@qiyue/service-kit';
import { notificationService } from './notification.module';

void runService(notificationService);
