//! Serves pages over HTTP/1.1 with keep-alive, a thread a connection; does nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use crate::pages;

pub(crate) fn run(what: &str) {
    let bodies = Arc::new(pages::make(what));
    let (count, objects) = pages::shape(what);
    let total: usize = (0..count)
        .map(|page| bodies[page % bodies.len()].len())
        .sum();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    println!("http://{address}");
    println!(
        "{} in {count} pages, {:.0} MB",
        count * objects,
        total as f64 / 1e6
    );
    for stream in listener.incoming() {
        let (stream, bodies, what) = (
            stream.expect("a connection"),
            bodies.clone(),
            what.to_owned(),
        );
        std::thread::spawn(move || serve(&stream, &bodies, &what, count, &address.to_string()));
    }
}

fn serve(stream: &TcpStream, bodies: &[String], what: &str, count: usize, host: &str) {
    stream.set_nodelay(true).expect("no delay");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut target = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if target.is_empty() {
                target = line.split(' ').nth(1).unwrap_or_default().to_owned();
            }
            if line == "\r\n" {
                break;
            }
        }
        let after = target.split("after=").nth(1).unwrap_or("0");
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        let page: usize = digits.parse().unwrap_or(0);
        let body = &bodies[page % bodies.len()];
        // One joined line, which is what the okta crate understands.
        let own = target.trim_end_matches('?');
        let own = format!("<http://{host}{own}>; rel=\"self\"");
        let link = if page + 1 < count {
            format!(
                "{own}, <http://{host}/api/v1/{what}?after={}>; rel=\"next\"",
                page + 1
            )
        } else {
            own
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlink: {link}\r\nx-rate-limit-limit: 100000\r\nx-rate-limit-remaining: 99999\r\nx-rate-limit-reset: 4102444800\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all(head.as_bytes()).is_err() || stream.write_all(body.as_bytes()).is_err()
        {
            return;
        }
    }
}
