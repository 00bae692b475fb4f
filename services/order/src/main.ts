import 'reflect-metadata';
import { runService } from '@qiyue/service-kit';
import { orderService } from './order.module';

void runService(orderService);
