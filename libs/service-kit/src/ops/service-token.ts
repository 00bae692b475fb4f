/** Under which the runtime of its service is injected into the kit's own controllers. */
export const SERVICE_RUNTIME = Symbol('service runtime');
/** Under which the platform is injected. */
export const PLATFORM = Symbol('platform');
