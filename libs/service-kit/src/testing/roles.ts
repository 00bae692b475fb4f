import { roles, type Role } from '../http/caller';

/** Every role, and whoever comes without a token. */
export const everyone: readonly (Role | 'nobody')[] = [...roles, 'nobody'];
