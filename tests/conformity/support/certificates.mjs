// Certificates as a public authority would make them, by OpenSSL.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.mjs";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
/** Days. Public authorities give no more than 200, and scanners warn of less than 60. */
const VALID = ["-days", "90"];
const AUTHORITY = `
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
`;
// Nobody asks for the list, but a certificate without one cannot be revoked.
const OWN = `
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
crlDistributionPoints = URI:http://localhost/authority.crl
`;

/** An authority of its own, and a certificate for `localhost` by it: paths of PEM files, and how to `forget` them. */
export async function certificates() {
  const directory = await mkdtemp(join(tmpdir(), "newfeed-certificates-"));
  const at = (name) => join(directory, name);
  const openssl = async (...args) => {
    const { code, output } = await run("openssl", args);
    if (code !== 0) throw new Error(`openssl ${args.join(" ")}:\n${output}`);
  };
  await writeFile(at("authority.cnf"), AUTHORITY);
  await writeFile(at("own.cnf"), OWN);
  const [authority, signer] = [at("authority.pem"), at("authority.key")];
  const subject = ["-subj", "/CN=Authority of the tests", "-config", at("authority.cnf")];
  await openssl("req", "-x509", ...KEY, ...VALID, ...subject, "-keyout", signer, "-out", authority);
  const [own, key, request] = [at("own.pem"), at("own.key"), at("own.csr")];
  await openssl("req", ...KEY, "-subj", "/CN=localhost", "-keyout", key, "-out", request);
  const signing = ["-CA", authority, "-CAkey", signer, "-CAcreateserial", "-extfile", at("own.cnf")];
  await openssl("x509", "-req", "-in", request, ...signing, ...VALID, "-out", own);
  return { authority, own, key, forget: () => rm(directory, { recursive: true }) };
}
