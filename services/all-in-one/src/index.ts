export { startEmbedded, type Embedded, type EmbeddedOptions } from './embedded';
export { openSecrets, staffRoles, type Secrets, type StaffRole } from './secrets';
export { platformSettings } from './settings';
export { allServices } from './services';
