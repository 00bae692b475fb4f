export { complianceService } from './compliance.module';
