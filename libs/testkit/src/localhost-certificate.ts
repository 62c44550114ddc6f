/** A certificate that signed itself for localhost, *.localhost and 127.0.0.1, and its private key; good for a hundred years, it protects nothing. */
export const localhostCertificate = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBqDCCAU6gAwIBAgIUOXXMVWYk7eqD4X1Q5/jwf8sCL+wwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDIwNTIwNVoYDzIxMjYxMDMx
MjA1MjA1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARcvHjXwbIew9Kq5WWT033/WLuDvu6+Yn7UHYdLx5v90NToZI4+bqfs
Uae29bpSnNFWjueVYCvb5frmW2aXjQmCo3wwejAdBgNVHQ4EFgQUrBHGI1tt/6u+
PKJIaCA/keTceRUwHwYDVR0jBBgwFoAUrBHGI1tt/6u+PKJIaCA/keTceRUwDwYD
VR0TAQH/BAUwAwEB/zAnBgNVHREEIDAegglsb2NhbGhvc3SCCyoubG9jYWxob3N0
hwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIAClIfED/KBR5g9mTBjWDhN5fAnyde14
UT9TznESfRB1AiEA14YMywpeF2nrH72f8gYG9uG7z2fa8uqq/1GbYKUyML8=
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrz7ihsfaUqUmyVSa
fGlWUj4vJ8Iqy2hhhkXGTDY7Ld6hRANCAARcvHjXwbIew9Kq5WWT033/WLuDvu6+
Yn7UHYdLx5v90NToZI4+bqfsUae29bpSnNFWjueVYCvb5frmW2aXjQmC
-----END PRIVATE KEY-----
`,
} as const
