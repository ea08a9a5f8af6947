import type { MeterProvider, TracerProvider } from '@opentelemetry/api';

/** What whoever embeds the gateway hands over. */
export interface TelemetryOptions {
  /**
   * Makes the spans, in place of an SDK of the plugin's own. Stays the caller's, who shuts it down. With it every route
   * is traced unless the file says otherwise.
   * @default what `Gateway.Telemetry.Otlp` says, else what is registered with `@opentelemetry/api`
   */
  readonly tracerProvider?: TracerProvider;
  /** Takes the metrics, likewise; with it routes are counted unless the file says otherwise. */
  readonly meterProvider?: MeterProvider;
}
