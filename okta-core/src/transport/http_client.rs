//! The default transport. The HTTP client's types stay inside this file.

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{HttpRequest, HttpResponse, Transport, TransportError, TransportFault, tls};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Settings of the default transport.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransportOptions {
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) extra_roots_pem: Vec<Vec<u8>>,
    /// Certificate chain and private key, PEM.
    pub(crate) identity: Option<(Vec<u8>, Secret)>,
    pub(crate) proxy: Option<ProxyOptions>,
    pub(crate) tls_required: bool,
}

impl TransportOptions {
    /// Adds what the settings say where code says nothing; files are read here.
    pub(crate) fn with_settings(mut self, settings: &Settings, tls_required: bool) -> Result<Self> {
        self.tls_required = tls_required;
        if self.connect_timeout.is_none() {
            self.connect_timeout = settings.connection_timeout.filter(|time| !time.is_zero());
        }
        if self.extra_roots_pem.is_empty()
            && let Some(path) = &settings.ca_file
        {
            self.extra_roots_pem.push(read(path, "caFile")?);
        }
        if self.identity.is_none() {
            self.identity = match (
                &settings.client_certificate,
                &settings.client_certificate_key,
            ) {
                (None, None) => None,
                (Some(certificate), key) => {
                    let certificate = read(certificate, "clientCertificate")?;
                    let key = match key {
                        Some(path) => read(path, "clientCertificateKey")?,
                        // One file may hold both.
                        None => certificate.clone(),
                    };
                    let key = String::from_utf8(key)
                        .map_err(|_| Error::config("clientCertificateKey: it is not PEM"))?;
                    Some((certificate, key.into()))
                }
                (None, Some(_)) => {
                    return Err(Error::config(
                        "clientCertificateKey is set, but clientCertificate is not",
                    ));
                }
            };
        }
        if self.proxy.is_none()
            && let Some(host) = &settings.proxy_host
        {
            let port = settings
                .proxy_port
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            let scheme = if host.contains("://") { "" } else { "http://" };
            let host = host.trim_end_matches('/');
            let login = settings
                .proxy_username
                .clone()
                .zip(settings.proxy_password.clone());
            self.proxy = Some(ProxyOptions {
                url: format!("{scheme}{host}{port}"),
                login,
            });
        }
        Ok(self)
    }
}

fn read(path: &Path, setting: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        Error::config(format!(
            "{setting}: {} cannot be read ({error})",
            path.display()
        ))
    })
}

#[derive(Clone)]
pub(crate) struct ProxyOptions {
    pub(crate) url: String,
    pub(crate) login: Option<(String, Secret)>,
}

impl fmt::Debug for ProxyOptions {
    /// Not the URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyOptions").finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    pub(crate) fn new(options: &TransportOptions) -> Result<Self> {
        let tls = tls::config(options)?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // A redirect could lead the credential to another host.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout.unwrap_or(Duration::from_secs(30)))
            .http2_adaptive_window(true)
            .referer(false);
        if let Some(proxy) = &options.proxy {
            let fault = |_| {
                Error::config("the proxy is not a URL")
                    .with_hint("write it like http://proxy.example:3128")
            };
            let mut setting = reqwest::Proxy::all(&proxy.url)
                .map_err(fault)?
                .no_proxy(reqwest::NoProxy::from_env());
            if let Some((user, password)) = &proxy.login {
                setting = setting.basic_auth(user, password.expose());
            }
            builder = builder.proxy(setting);
        }
        let client = builder.build().map_err(|error| {
            Error::config("the HTTP client cannot be set up").with_source(error.without_url())
        })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let url = request.uri.to_string();
        let mut response = self
            .client
            .request(request.method, url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(before_answer)?;
        let status = response.status();
        let limit = request.max_response_bytes;
        let too_large = || {
            TransportError::new(
                TransportFault::TooLarge,
                format!("the answer is longer than {limit} bytes"),
            )
        };
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_large());
        }
        let headers = std::mem::take(response.headers_mut());
        // The announced length is only a hint: a peer must not make us allocate at will.
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        let mut total = 0_usize;
        while let Some(chunk) = response.chunk().await.map_err(inside_answer)? {
            total = total.saturating_add(chunk.len());
            if total > limit {
                return Err(too_large());
            }
            match &first {
                None => first = Some(chunk),
                Some(head) => {
                    if rest.is_empty() {
                        rest.reserve((announced as usize).clamp(64 * 1024, 1024 * 1024));
                        rest.extend_from_slice(head);
                    }
                    rest.extend_from_slice(&chunk);
                }
            }
        }
        let body = match first {
            Some(only) if rest.is_empty() => only,
            _ => rest.freeze(),
        };
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }
}

/// A failure before the head of the answer was there.
fn before_answer(error: reqwest::Error) -> TransportError {
    let (fault, what) = if error.is_builder() {
        (TransportFault::Hopeless, "the request cannot be built")
    } else if error.is_connect() {
        // A TLS failure is one that another try would meet again.
        if cause::<rustls::Error>(&error).is_some() {
            (TransportFault::Hopeless, "the TLS connection was refused")
        } else {
            (
                TransportFault::NotSent,
                "the connection could not be opened",
            )
        }
    } else if cause::<h2::Error>(&error).is_some_and(never_processed) {
        (
            TransportFault::NotSent,
            "the server did not take the request up",
        )
    } else {
        (
            TransportFault::MaybeSent,
            "the connection broke before the answer came",
        )
    };
    wrap(fault, what, error)
}

fn inside_answer(error: reqwest::Error) -> TransportError {
    wrap(TransportFault::Truncated, "the answer broke off", error)
}

/// The text names the innermost cause; the URL goes, since its query may hold anything.
fn wrap(fault: TransportFault, what: &str, error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let mut innermost: &dyn StdError = &error;
    while let Some(deeper) = innermost.source() {
        innermost = deeper;
    }
    TransportError::new(fault, format!("{what}: {innermost}")).with_source(error)
}

/// RFC 9113, section 8.7: a stream that the server refuses, and one above the last that its GOAWAY
/// counts (the only ones to which the HTTP/2 layer gives that error), were not processed at all.
fn never_processed(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (refused || error.is_go_away())
}

/// The first error of this type among the error and its causes.
fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An io::Error's source() skips the error that it wraps.
        current = match error
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref())
        {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
