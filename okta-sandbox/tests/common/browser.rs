//! A person with a browser: keeps cookies, reads forms, clicks.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::collections::BTreeMap;

use reqwest::{Client, Response, StatusCode, redirect};

/// A page with at most one form.
pub struct Page {
    pub status: StatusCode,
    pub url: String,
    pub html: String,
    pub location: Option<String>,
}

pub struct Browser {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(base: &str) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .build()
            .expect("a client");
        Self {
            client,
            base: base.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    pub fn has_cookie(&self, name: &str) -> bool {
        self.cookies
            .get(name)
            .is_some_and(|value| !value.is_empty())
    }

    fn absolute(&self, target: &str) -> String {
        match target.starts_with('/') {
            true => format!("{}{target}", self.base),
            false => target.to_owned(),
        }
    }

    async fn send(&mut self, method: &str, target: &str, body: Option<String>) -> Page {
        let url = self.absolute(target);
        let mut request = self.client.request(method.parse().expect("a method"), &url);
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        let response: Response = request.send().await.expect("an answer");
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().expect("text");
            let (name, value) = line
                .split(';')
                .next()
                .expect("a pair")
                .split_once('=')
                .expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = response.headers().get("location");
        Page {
            status: response.status(),
            url,
            location: location.map(|l| l.to_str().expect("text").to_owned()),
            html: response.text().await.expect("a body"),
        }
    }

    /// Follows redirects inside the org; one that leads out is returned as it is.
    pub async fn get(&mut self, target: &str) -> Page {
        let page = self.send("GET", target, None).await;
        self.follow(page).await
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        while let Some(target) = &page.location {
            let target = self.absolute(target);
            if !target.starts_with(&self.base) {
                break;
            }
            page = self.send("GET", &target, None).await;
        }
        page
    }

    /// Fills the page's form and presses its button, or the one with a value.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let action = attribute(&page.html, "<form", "action").expect("a form");
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for input in page.html.split("<input ").skip(1) {
            let name = attribute(input, "", "name").expect("a name");
            if !fields.iter().any(|(field, _)| *field == name) {
                let value = attribute(input, "", "value").unwrap_or_default();
                body.append_pair(&name, &value);
            }
        }
        body.extend_pairs(fields);
        let answer = self.send("POST", &action, Some(body.finish())).await;
        self.follow(answer).await
    }
}

/// The value of an attribute of the first tag that starts so.
pub fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let at = html.find(tag)?;
    let rest = &html[at..];
    let rest = &rest[..rest.find('>')?];
    let value = rest
        .split_once(&format!("{name}=\""))?
        .1
        .split('"')
        .next()?;
    Some(
        value
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&"),
    )
}

/// The parameters that a redirect hands over, in its query or fragment.
pub fn handed_over(page: &Page) -> BTreeMap<String, String> {
    let location = page
        .location
        .as_deref()
        .unwrap_or_else(|| panic!("no redirect: {}", page.html));
    let at = location.find(['?', '#']).expect("parameters");
    url::form_urlencoded::parse(&location.as_bytes()[at + 1..])
        .into_owned()
        .collect()
}
