export { notificationService } from './notification.module';
