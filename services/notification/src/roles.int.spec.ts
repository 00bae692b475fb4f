import { everyone, type RoleTable, testRoles } from '@qiyue/service-kit/testing';
import { notificationService } from './notification.module';
import { startNotification } from './testing';

/** Who may call what. A route that is not here fails the first test. */
const table: RoleTable = [
  ['POST /notification/notices/:noticeId/bounce', ['operator', 'service']],
  ['GET /notification/sandbox/mails', ['operator']],
  ['GET /notification/notices', ['customer', 'officer', 'auditor']],
  ['GET /notification/notices/:noticeId', ['customer', 'officer', 'auditor']],
  ['GET /notification/announcements', everyone],
];

testRoles(notificationService, table, startNotification);
