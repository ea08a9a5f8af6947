import type { FileRule } from './rule.js';

/** A cookie container belongs to the gateway: what the backend sets for one client is sent for every other one. */
export const sharedCookies: FileRule = (context) => {
  const places = [...(context.file.Routes ?? []), ...(context.file.DynamicRoutes ?? []), context.shared];
  for (const { HttpHandlerOptions: options } of places) {
    if (options?.UseCookieContainer !== true) continue;
    context.warn({
      kind: 'SharedCookies',
      at: options,
      key: 'UseCookieContainer',
      message:
        'UseCookieContainer asks to share the cookies of the backend among all clients: one would act in the session of another.',
      hint: 'Remove it: cookies pass between client and backend without it.',
    });
  }
};
