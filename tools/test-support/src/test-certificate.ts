/**
 * A self-signed certificate for `localhost`, `127.0.0.1` and `::1`, valid for a hundred years, and its key. For tests
 * only: the key is public. Made with `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1`.
 */
export const TEST_CERTIFICATE = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBrjCCAVSgAwIBAgIUQUfCfSpIYEIMs/pKocQ2WMDCWvUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE1MDgwMloYDzIxMjYxMDI5
MTUwODAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARdKd0BnLpjMxdhjpjgP0QSuyD4VyeyDgmQ7JMipkjRqOPNMtvWzsS4
ngLkHCo9D1FUO0h5OdLCzZ1cda72deLGo4GBMH8wHQYDVR0OBBYEFDrD00BgKd9d
bKmyrFTjPhcwj/xSMB8GA1UdIwQYMBaAFDrD00BgKd9dbKmyrFTjPhcwj/xSMCwG
A1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAPBgNV
HRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIFOugaiuMoQAuduOM3eVjF9P
uaS/Amc+Wdum101GBni2AiEAtRLeVitGdlo2fa25vF6/BQAkBeumkXwifoJ2FUqS
v4c=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKliB4cvuL9pWR+Ou
/G2Ni9SLnWBPJssoAUtgPM+5J06hRANCAARdKd0BnLpjMxdhjpjgP0QSuyD4Vyey
DgmQ7JMipkjRqOPNMtvWzsS4ngLkHCo9D1FUO0h5OdLCzZ1cda72deLG
-----END PRIVATE KEY-----
`,
} as const;
