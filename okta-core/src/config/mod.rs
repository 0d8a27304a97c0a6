//! Where a client's settings come from: code, the environment, `okta.yaml`.
//!
//! The same names as in the other Okta SDKs, and the order that all of their documentation agrees
//! on. What counts more comes first:
//!
//! 1. the [`ClientBuilder`](crate::ClientBuilder);
//! 2. a profile chosen in code ([`Config::profile`], [`Loader::profile`]);
//! 3. environment variables: `OKTA_CLIENT_` and the name in upper case, `.` as `_`;
//! 4. a profile chosen by `OKTA_CLIENT_PROFILE`;
//! 5. `okta.yaml` (or `.okta.yaml`) in the working directory, below `okta.client`;
//! 6. `~/.okta/okta.yaml`, below `okta.client`.
//!
//! Profiles stand below `okta.profiles.NAME`, in either file; the project's counts more, key by
//! key. With a profile chosen, the org and the credential below `okta.client` do not count, so that
//! one org's token cannot go to another; other settings below `okta.client` still do.
//!
//! Names: case and inner separators do not matter (`RATE_LIMIT_MAX_RETRIES`, `RATELIMIT_MAXRETRIES`).
//! Where one source writes a setting in two ways, its main name counts (`privateKeyId` before
//! `keyId` before `kid`; `orgUrl` before `oktaDomain`), then the spelling without inner
//! underscores, then the later line. Empty variables, empty texts and YAML nulls count as absent.
//! [`Explanation`] tells which counted and which did not.
//!
//! Without `authorizationMode`, the most important of token, private key, client secret and client
//! assertion decides; in this order if they come from the same place.
//!
//! | setting | value |
//! |---|---|
//! | `orgUrl` (`oktaDomain`) | `https://acme.okta.com` |
//! | `token` (`accessToken`) | API token; the access token in mode `Bearer` |
//! | `authorizationMode` (`authenticationScheme`) | `SSWS`, `Bearer` (`BearerToken`, `AccessToken`), `PrivateKey` (`OAUTH2`, `JWK`), `ClientSecret`, `ClientSecretPost` (`client_secret_basic`, `client_secret_post`), `JWT`; in any case |
//! | `clientId` | of a service app |
//! | `privateKey` (`jwk`) | PEM (line ends may be written `\n`), JWK or JWKS as text or as YAML map, the path of a file, or a map with `keyFilePath` and `algorithm` |
//! | `privateKeyId` (`keyId`, `kid`) | where the key does not name it, or names another |
//! | `clientSecret` | for API service integrations; the org's own APIs take a key from other service apps |
//! | `clientAssertion` | a signed JWT, or the path of a file that holds one and is read for each token; it names the client, unless `clientId` does |
//! | `scopes` | a list, or text with commas or blanks |
//! | `dpopEnabled` | `true` always, `false` never |
//! | `dpopKeyRotationInterval` | seconds, 3600 to 7776000, after which new tokens get a new proof key; never unless set |
//! | `oauthTokenRenewalOffset` | minutes before expiry |
//! | `requestTimeout`, `connectionTimeout` | seconds; 0 for none, and for the default. Only .NET reads plain numbers as milliseconds: write `30000ms` for both |
//! | `rateLimit.maxRetries`, `rateLimit.maxBackoff` | number; seconds, 0 for the default |
//! | `rateLimit.enable` | `false` switches pacing off: limits are met, and then waited for |
//! | `logging.enabled`, `logging.logLevel` | `false` for no log lines and spans of this client; `TRACE` to `ERROR`, `OFF`, or Python's numbers. Without them the program's `tracing` subscriber decides |
//! | `proxy.host`, `.port`, `.username`, `.password` | for every call, token calls too; user name and password both or neither. `useProxy: false` switches it off |
//! | `caFile`, `clientCertificate`, `clientCertificateKey` | PEM files: extra roots, and a certificate for mutual TLS |
//! | `userAgent` | text behind the SDK's own |
//! | `testing.disableHttpsCheck` | `true` allows plain `http` to the org's host |
//! | `disableOktaDomainCheck` | `true` allows any domain, `-admin` too, and plain `http` |
//!
//! Durations may carry a unit: `500ms`, `30s`, `2m`. `cache.enabled`, `cache.defaultTtl`,
//! `cache.defaultTti` and `encryptionType` are accepted and do nothing, on purpose: answers are never
//! cached, since two reads are two requests, and the algorithm follows from the key. Relative paths in a file begin at
//! that file's directory, and then at the working directory.

mod credential;
mod explain;
mod key_source;
mod loader;
mod origin;
mod resolve;
mod setting;
mod shown;
mod source;
mod value;
mod yaml;

pub(crate) use credential::credential;
pub use explain::{Explained, Explanation, Ignored};
pub use loader::{Config, Loader};
pub use origin::Origin;
pub(crate) use origin::{Checks, shown as shown_url};
pub(crate) use resolve::Settings;
pub(crate) use setting::Id;
pub use source::Source;
pub use value::AuthorizationMode;
