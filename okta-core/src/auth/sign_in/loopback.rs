//! The listener that a browser comes back to (RFC 8252 section 7.3): one answer, then it is gone.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::{Host, Url};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// The head of a request of a browser; cookies of other programs on loopback may come along.
const MAX_HEAD: usize = 64 * 1024;
const READ_PATIENCE: Duration = Duration::from_secs(10);

const REDIRECT_HINT: &str = "it is http, a loopback host, a port or none, and a path, such as http://localhost:8080/callback, and stands so in the app's settings";

pub(super) struct Loopback {
    listeners: Vec<TcpListener>,
    pub(super) redirect_uri: String,
    path: String,
}

/// What a good answer must carry.
pub(super) struct Expected {
    pub(super) state: String,
    pub(super) issuer: String,
}

/// What became of one request.
enum Seen {
    /// Not the answer: a favicon, a probe, another tab.
    Other(u16, &'static str),
    /// The answer: the code, or why there is none.
    Answer(Result<Secret>),
}

impl Loopback {
    /// Listens on 127.0.0.1 and, where there is one, on [::1]: browsers resolve `localhost` to
    /// either. Without a port in the URI the system chooses one.
    pub(super) async fn bind(redirect_uri: Option<&str>) -> Result<Self> {
        let given = redirect_uri.unwrap_or("http://127.0.0.1/callback");
        let mut url = loopback_url(given)?;
        let wanted = port(&url, given);
        let busy = |error: std::io::Error| {
            Error::config(format!(
                "sign-in: port {wanted} of this machine cannot be listened on"
            ))
            .with_source(error)
            .with_hint(
                "another program uses it: end that, or register and give another redirect URI",
            )
        };
        let mut listeners = Vec::new();
        let four = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, wanted))).await;
        let six_only = matches!(url.host(), Some(Host::Ipv6(_)));
        let chosen = match four {
            Ok(listener) => {
                let chosen = listener.local_addr().map_err(busy)?.port();
                listeners.push(listener);
                chosen
            }
            Err(_) if six_only => wanted,
            Err(error) => return Err(busy(error)),
        };
        match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, chosen))).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if six_only => return Err(busy(error)),
            // A machine without IPv6.
            Err(_) => {}
        }
        // The port of a URL is kept only if it differs from the scheme's own.
        if url.set_port(Some(chosen)).is_err() {
            return Err(Error::config("sign-in: the redirect URI takes no port"));
        }
        Ok(Self {
            listeners,
            path: url.path().to_owned(),
            redirect_uri: if wanted == 0 {
                url.into()
            } else {
                given.to_owned()
            },
        })
    }

    /// Waits for the browser, as long as the caller does.
    pub(super) async fn code(
        &self,
        expected: Expected,
        clock: &Arc<dyn Clock>,
        refused: &Arc<AtomicU32>,
    ) -> Result<Secret> {
        let expected = Arc::new(expected);
        let (answer, mut answers) = mpsc::channel(1);
        // Ends with the wait: no task is left behind. Browsers open connections ahead and send
        // nothing on them, so that each needs a task of its own.
        let mut connections = JoinSet::new();
        loop {
            let (first, second) = (&self.listeners[0], self.listeners.get(1));
            let accepted = tokio::select! {
                Some(answer) = answers.recv() => return answer,
                accepted = first.accept() => accepted,
                Some(accepted) = accept(second) => accepted,
            };
            let Ok((socket, _)) = accepted else {
                // Out of file handles, or the peer has gone: the next one may do.
                clock.sleep(Duration::from_millis(50)).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let (expected, clock, refused) = (
                Arc::clone(&expected),
                Arc::clone(clock),
                Arc::clone(refused),
            );
            let (answer, path) = (answer.clone(), self.path.clone());
            connections.spawn(async move {
                let handled = tokio::select! {
                    handled = serve(socket, &path, &expected) => handled,
                    () = clock.sleep(READ_PATIENCE) => None,
                };
                match handled {
                    Some(Seen::Answer(code)) => {
                        let _ = answer.send(code).await;
                    }
                    Some(Seen::Other(400, _)) => {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
            });
        }
    }
}

async fn accept(
    listener: Option<&TcpListener>,
) -> Option<std::io::Result<(TcpStream, SocketAddr)>> {
    Some(listener?.accept().await)
}

fn loopback_url(given: &str) -> Result<Url> {
    let bad = |what: &str| {
        Err(Error::config(format!("sign-in: the redirect URI {what}")).with_hint(REDIRECT_HINT))
    };
    let Ok(url) = Url::parse(given) else {
        return bad("is not a URL");
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "http" || !loopback {
        return bad("is not http on this machine");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return bad("has a query, a fragment or a user name");
    }
    Ok(url)
}

/// The port as written: 80 only if it stands there.
fn port(url: &Url, given: &str) -> u16 {
    match url.port() {
        Some(port) => port,
        None => {
            let rest = given.split("://").nth(1).unwrap_or_default();
            let authority = rest.split('/').next().unwrap_or_default();
            if authority.ends_with(":80") { 80 } else { 0 }
        }
    }
}

/// Reads one request, answers it, and says what it was.
async fn serve(mut socket: TcpStream, path: &str, expected: &Expected) -> Option<Seen> {
    let target = request_target(&mut socket).await;
    let seen = match &target {
        Ok(target) => look(target, path, expected),
        Err(status) => Seen::Other(*status, "This is no request that a browser sends."),
    };
    let (status, title, text) = match &seen {
        Seen::Other(status, text) => (*status, "Nothing here", (*text).to_owned()),
        Seen::Answer(Ok(_)) => (
            200,
            "Signed in",
            "You may close this window and go back to the program.".to_owned(),
        ),
        Seen::Answer(Err(error)) => (200, "Not signed in", refusal(error)),
    };
    let page = page(status, title, &text);
    let _ = socket.write_all(page.as_bytes()).await;
    let _ = socket.shutdown().await;
    Some(seen)
}

fn refusal(error: &Error) -> String {
    let said = [error.code(), error.summary()];
    let said: Vec<&str> = said.into_iter().flatten().collect();
    if said.is_empty() {
        error.to_string()
    } else {
        said.join(": ")
    }
}

/// The target of a GET request; the status to answer with for anything else.
async fn request_target(socket: &mut TcpStream) -> Result<String, u16> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = socket.read(&mut buffer).await.map_err(|_| 400_u16)?;
        if count == 0 || head.len() + count > MAX_HEAD {
            return Err(431);
        }
        head.extend_from_slice(&buffer[..count]);
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| 431_u16)?;
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some("GET"), Some(target), Some(version)) if version.starts_with("HTTP/1.") => {
            Ok(target.to_owned())
        }
        (Some(_), Some(_), Some(_)) => Err(405),
        _ => Err(431),
    }
}

fn look(target: &str, path: &str, expected: &Expected) -> Seen {
    let (found, query) = target.split_once('?').unwrap_or((target, ""));
    if found != path {
        return Seen::Other(404, "There is no such page.");
    }
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let once = |name: &str| {
        let mut found = pairs.iter().filter(|(key, _)| key == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value.as_str()),
            _ => None,
        }
    };
    // An answer that this sign-in did not ask for must neither end nor disturb it.
    let ours = once("state").is_some_and(|state| {
        aws_lc_rs::constant_time::verify_slices_are_equal(
            state.as_bytes(),
            expected.state.as_bytes(),
        )
        .is_ok()
    });
    if !ours {
        return Seen::Other(400, "This answer does not belong to the sign-in under way.");
    }
    // RFC 9207: another server's answer, mixed in.
    if let Some(issuer) = once("iss")
        && issuer.trim_end_matches('/') != expected.issuer
    {
        return Seen::Answer(Err(Error::new(
            ErrorKind::Token,
            format!(
                "sign-in: the answer comes from the issuer {issuer:?}, not from {:?}",
                expected.issuer
            ),
        )
        .with_hint("give the client the org URL, or the app the authorization server, by the name that issues the tokens")));
    }
    if let Some(code) = once("error") {
        let mut error = Error::new(
            ErrorKind::Token,
            "sign-in: the authorization server refused",
        );
        let short = |text: &str| text.chars().take(500).collect::<String>();
        error.inner_mut().service.code = Some(short(code));
        error.inner_mut().service.summary = once("error_description").map(short);
        return Seen::Answer(Err(error));
    }
    match once("code").filter(|code| !code.is_empty()) {
        Some(code) => Seen::Answer(Ok(code.into())),
        None => Seen::Other(400, "The answer holds no code."),
    }
}

/// A page that loads nothing and tells nobody where it came from: its address holds the code.
fn page(status: u16, title: &str, text: &str) -> String {
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        _ => "Bad Request",
    };
    let text: String = text
        .chars()
        .map(|c| match c {
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '&' => "&amp;".to_owned(),
            '"' => "&quot;".to_owned(),
            c => c.to_string(),
        })
        .collect();
    let body = format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\
         <body style=\"font-family:sans-serif;margin:4em\"><h1>{title}</h1><p>{text}</p>\n"
    );
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: text/html; charset=utf-8\r\n\
         content-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\n\
         x-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected {
            state: "s1".into(),
            issuer: "https://acme.okta.com".into(),
        }
    }

    #[test]
    fn answers_are_told_from_other_requests() {
        let see = |target: &str| match look(target, "/callback", &expected()) {
            Seen::Other(status, _) => status.to_string(),
            Seen::Answer(Ok(code)) => code.expose().to_owned(),
            Seen::Answer(Err(error)) => error.to_string(),
        };
        for (target, seen) in [
            ("/callback?code=c%2B1&state=s1", "c+1"),
            (
                "/callback?code=c&state=s1&iss=https%3A%2F%2Facme.okta.com",
                "c",
            ),
            ("/callback?code=c&state=s2", "400"),
            ("/callback?code=c", "400"),
            ("/callback?code=c&state=s1&state=s1", "400"),
            ("/callback?code=c&code=d&state=s1", "400"),
            ("/callback?state=s1", "400"),
            ("/favicon.ico", "404"),
            ("/callback/x?code=c&state=s1", "404"),
        ] {
            assert_eq!(see(target), seen, "{target}");
        }
        let denied = see("/callback?error=access_denied&error_description=no+%3Cb%3E&state=s1");
        assert!(
            denied.contains("access_denied") && denied.contains("no <b>"),
            "{denied}"
        );
        let mixed = see("/callback?code=c&state=s1&iss=https://evil.okta.com");
        assert!(mixed.contains("issuer"), "{mixed}");
    }

    #[test]
    fn pages_show_text_as_text() {
        let page = page(200, "Not signed in", "a <script>&\"");
        assert!(page.contains("a &lt;script&gt;&amp;&quot;"), "{page}");
        for header in ["no-store", "no-referrer", "default-src 'none'"] {
            assert!(page.contains(header));
        }
    }

    #[tokio::test]
    async fn redirect_uris_are_checked() {
        for (bad, what) in [
            ("https://localhost:8080/cb", "not http"),
            ("http://example.com:8080/cb", "not http"),
            ("http://localhost.evil.com/cb", "not http"),
            ("http://localhost:8080/cb?x=1", "query"),
            ("nothing", "not a URL"),
        ] {
            let error = Loopback::bind(Some(bad)).await.err().unwrap();
            assert!(error.to_string().contains(what), "{bad}: {error}");
        }
        let first = Loopback::bind(None).await.unwrap();
        assert!(first.redirect_uri.starts_with("http://127.0.0.1:"));
        let busy = first.redirect_uri.replace("127.0.0.1", "localhost");
        let error = Loopback::bind(Some(&busy)).await.err().unwrap();
        assert!(error.hint().unwrap().contains("another program"), "{error}");
        drop(first);
        let again = Loopback::bind(Some(&busy)).await.unwrap();
        assert_eq!(again.redirect_uri, busy);
    }
}
