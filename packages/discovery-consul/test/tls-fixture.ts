// A certificate for 127.0.0.1 and localhost that signs itself, valid for a century, and its key. For tests only:
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=ocelot-test \
//   -addext subjectAltName=IP:127.0.0.1,DNS:localhost
export const TEST_CERTIFICATE: string = `-----BEGIN CERTIFICATE-----
MIIBnjCCAUWgAwIBAgIUZRQMe4JDgEKPNdb1v8EurBoeWJwwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLb2NlbG90LXRlc3QwIBcNMjYxMTIyMTUxOTM3WhgPMjEyNjEw
MjkxNTE5MzdaMBYxFDASBgNVBAMMC29jZWxvdC10ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE/YOh5TIPD2abw595R1u/PKITGwOWmaNKG7Ud3Tez43Wz/hTF
5ToCfjUUlT1hlPynho3BbJjjs1ATxdoYAgClBqNvMG0wHQYDVR0OBBYEFCxxp1NY
7rSKO8/vm+3YMUqSoKb7MB8GA1UdIwQYMBaAFCxxp1NY7rSKO8/vm+3YMUqSoKb7
MA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYcEfwAAAYIJbG9jYWxob3N0MAoG
CCqGSM49BAMCA0cAMEQCIC8GWjdSFacYRQpEmoYkxWk174vBRTmNn8h/uxpDkDXE
AiAdXyxp4893tcs0lU+DnPRugjyBnmjkA/mrz6FQ3S5K9w==
-----END CERTIFICATE-----
`;

export const TEST_KEY: string = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBhW3hU9tPe7A6gCP
hj91Chf7fCqJVwele6E+I2M7vjahRANCAAT9g6HlMg8PZpvDn3lHW788ohMbA5aZ
o0obtR3dN7PjdbP+FMXlOgJ+NRSVPWGU/KeGjcFsmOOzUBPF2hgCAKUG
-----END PRIVATE KEY-----
`;
