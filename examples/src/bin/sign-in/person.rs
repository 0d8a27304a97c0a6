//! A person at a browser, played by a script: opens pages, fills forms, presses buttons.

use std::collections::BTreeMap;
use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Url, form_urlencoded};

/// A page as it was answered.
pub(crate) struct Page {
    url: Url,
    html: String,
    location: Option<String>,
}

impl Page {
    /// Its heading.
    pub(crate) fn title(&self) -> &str {
        between(&self.html, "<title>", "</title>").unwrap_or_default()
    }
}

/// A browser with its cookies.
#[derive(Default)]
pub(crate) struct Browser(BTreeMap<String, String>);

impl Browser {
    /// Signs in at the page that the address leads to, and agrees to whatever is asked.
    pub(crate) async fn sign_in(
        &mut self,
        url: &str,
        login: &str,
        password: &str,
    ) -> io::Result<Page> {
        let mut page = self
            .open(
                "GET",
                Url::parse(url).map_err(io::Error::other)?,
                String::new(),
            )
            .await?;
        let answers = [
            ("username", login),
            ("password", password),
            ("consent", "allow"),
            ("decision", "allow"),
        ];
        for _ in 0..5 {
            let Some(form) = between(&page.html, "<form", "</form>").map(str::to_owned) else {
                break;
            };
            page = self.submit(&page.url, &form, &answers).await?;
        }
        Ok(page)
    }

    async fn submit(
        &mut self,
        base: &Url,
        form: &str,
        answers: &[(&str, &str)],
    ) -> io::Result<Page> {
        let action = attribute(form, "action").unwrap_or_default();
        let body = filled(form, answers);
        self.open("POST", base.join(&action).map_err(io::Error::other)?, body)
            .await
    }

    /// One request, and the redirects behind it.
    async fn open(&mut self, method: &str, url: Url, body: String) -> io::Result<Page> {
        let mut page = self.request(method, url, &body).await?;
        while let Some(target) = page.location.take() {
            let url = page.url.join(&target).map_err(io::Error::other)?;
            page = self.request("GET", url, "").await?;
        }
        Ok(page)
    }

    async fn request(&mut self, method: &str, url: Url, body: &str) -> io::Result<Page> {
        let address = (
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or(80),
        );
        let mut socket = TcpStream::connect(address).await?;
        let cookies: Vec<String> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!(
            "{method} {} HTTP/1.1\r\nhost: {}:{}\r\nconnection: close\r\ncookie: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            &url[url::Position::BeforePath..url::Position::AfterQuery],
            address.0,
            address.1,
            cookies.join("; "),
            body.len()
        );
        socket.write_all(head.as_bytes()).await?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await?;
        let (head, html) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let mut location = None;
        for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
            match name.to_ascii_lowercase().as_str() {
                "location" => location = Some(value.to_owned()),
                "set-cookie" => {
                    let pair = value.split(';').next().unwrap_or_default();
                    if let Some((name, value)) = pair.split_once('=') {
                        self.0.insert(name.to_owned(), value.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(Page {
            url,
            html: html.to_owned(),
            location,
        })
    }
}

/// The form's fields and its first button, with these answers where they fit.
fn filled(form: &str, answers: &[(&str, &str)]) -> String {
    let mut body = form_urlencoded::Serializer::new(String::new());
    let mut named: Vec<String> = Vec::new();
    for field in form
        .split('<')
        .filter(|tag| tag.starts_with("input") || tag.starts_with("button"))
    {
        let Some(name) = attribute(field, "name").filter(|name| !named.contains(name)) else {
            continue;
        };
        let answer = answers.iter().find(|(known, _)| *known == name);
        let value = answer
            .map(|(_, value)| (*value).to_owned())
            .or_else(|| attribute(field, "value"));
        body.append_pair(&name, &value.unwrap_or_default());
        named.push(name);
    }
    body.finish()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next()?;
    let value = between(tag, &format!(" {name}=\""), "\"")?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&"),
    )
}
