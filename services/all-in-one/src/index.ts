export { startEmbedded, type Embedded, type EmbeddedOptions } from './embedded';
export { staffRoles, type StaffRole } from './secrets';
export { allServices } from './services';
