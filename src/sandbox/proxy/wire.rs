//! Reads and writes HTTP/1.1 messages on a raw connection, with a length or in chunks, and with limits on both.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest head that is read.
const MAX_HEAD: usize = 64 << 10;
/// The longest body that is read; the largest record of any vendor is far smaller.
const MAX_BODY: usize = 32 << 20;

/// One end of a connection.
pub(super) struct Peer {
    stream: TcpStream,
    buffer: BytesMut,
}

/// The first line and the headers of a message.
pub(super) struct Head {
    pub(super) start: String,
    pub(super) headers: HeaderMap,
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Peer {
    pub(super) fn new(stream: TcpStream) -> Self {
        // Answers go out at once; where that cannot be set they go out a little later.
        let _ = stream.set_nodelay(true);
        Self { stream, buffer: BytesMut::new() }
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The head of the next message; none where the other end hung up between two.
    pub(super) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let raw = self.buffer.split_to(end + 4);
                return parse(&raw).map(Some);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(broken("the head is too long"));
            }
            match self.fill().await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.buffer.is_empty() => {
                    return Ok(None);
                }
                filled => filled?,
            }
        }
    }

    /// The body that belongs to these headers.
    pub(super) async fn body(&mut self, headers: &HeaderMap) -> io::Result<Bytes> {
        let is_chunked = headers.get("transfer-encoding").is_some_and(|value| contains(value, "chunked"));
        if is_chunked {
            return self.chunks().await;
        }
        let length = match headers.get("content-length") {
            None => 0,
            Some(value) => value.to_str().ok().and_then(|text| text.trim().parse().ok()).ok_or(broken("no length"))?,
        };
        self.take(length).await
    }

    async fn take(&mut self, length: usize) -> io::Result<Bytes> {
        if length > MAX_BODY {
            return Err(broken("the body is too long"));
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn chunks(&mut self) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| broken("no chunk size"))?;
            if size == 0 {
                // Trailers, if any, are passed over.
                while !self.line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            if body.len().saturating_add(size) > MAX_BODY {
                return Err(broken("the body is too long"));
            }
            body.extend_from_slice(&self.take(size).await?);
            if !self.line().await?.is_empty() {
                return Err(broken("a chunk is longer than it says"));
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|bytes| bytes == b"\r\n") {
                let line = self.buffer.split_to(end);
                self.buffer.advance(2);
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(broken("a line is too long"));
            }
            self.fill().await?;
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Waits until the other end has hung up, and passes over what it still sends.
    pub(super) async fn until_gone(&mut self) {
        while self.fill().await.is_ok() {
            self.buffer.clear();
        }
    }

    /// Breaks the connection with a reset in place of an orderly end.
    pub(super) fn reset(self) {
        // Where it cannot be set, the connection ends without an answer all the same.
        let _ = self.stream.set_zero_linger();
    }
}

fn parse(raw: &[u8]) -> io::Result<Head> {
    // Values may hold bytes that are no UTF-8, so that lines are taken as bytes.
    let mut lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let start = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(broken("a header without a colon"))?;
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
        let name = HeaderName::from_bytes(name).map_err(|_| broken("no header name"))?;
        headers.append(name, HeaderValue::from_bytes(value).map_err(|_| broken("no header value"))?);
    }
    Ok(Head { start, headers })
}

/// Whether a header's list names this word.
pub(super) fn contains(value: &HeaderValue, word: &str) -> bool {
    value.to_str().is_ok_and(|text| text.split(',').any(|item| item.trim().eq_ignore_ascii_case(word)))
}

/// Whether the connection ends with this message.
pub(super) fn ends(headers: &HeaderMap) -> bool {
    headers.get("connection").is_some_and(|value| contains(value, "close"))
}

/// A request as it goes on to the stand-in.
pub(super) fn request(start: &str, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + body.len());
    out.extend_from_slice(start.as_bytes());
    out.extend_from_slice(b"\r\n");
    write_headers(&mut out, headers);
    if !body.is_empty() || headers.contains_key("content-length") {
        out.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

/// The headers of a message without those that belong to one connection or give the body's length.
fn write_headers(out: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        if matches!(name.as_str(), "connection" | "transfer-encoding" | "content-length" | "expect" | "keep-alive") {
            continue;
        }
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

impl Answer {
    /// Reads the answer of a stand-in.
    pub(super) async fn read(peer: &mut Peer, to_head: bool) -> io::Result<Self> {
        let head = peer.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.start.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or(broken("no status"))?;
        let is_bare = to_head || matches!(status, 100..=199 | 204 | 304);
        let body = if is_bare { Bytes::new() } else { peer.body(&head.headers).await? };
        Ok(Self { status, headers: head.headers, body })
    }

    /// The head, with this length for its body.
    pub(super) fn head(&self, length: u64, close: bool) -> Vec<u8> {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("-");
        let mut out = format!("HTTP/1.1 {} {reason}\r\n", self.status).into_bytes();
        write_headers(&mut out, &self.headers);
        if self.status != 204 && self.status != 304 {
            out.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        if close {
            out.extend_from_slice(b"connection: close\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out
    }

    /// The whole message.
    pub(super) fn bytes(&self, close: bool) -> Vec<u8> {
        let mut out = self.head(self.body.len() as u64, close);
        out.extend_from_slice(&self.body);
        out
    }

    /// Sets a header.
    pub(super) fn set(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ends of one connection.
    async fn pair() -> (Peer, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Peer::new(listener.accept().await.unwrap().0), near)
    }

    #[tokio::test]
    async fn messages_come_one_after_the_other_in_both_forms() {
        let (mut peer, mut near) = pair().await;
        let two = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nX-Key:  v \r\n\r\nabc\
                    PUT /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2;x=1\r\nde\r\n1\r\nf\r\n0\r\nt: 1\r\n\r\n";
        near.write_all(two).await.unwrap();
        drop(near);
        let head = peer.head().await.unwrap().unwrap();
        assert_eq!((head.start.as_str(), &head.headers["x-key"]), ("POST /a HTTP/1.1", &HeaderValue::from_static("v")));
        assert_eq!(peer.body(&head.headers).await.unwrap(), "abc");
        let head = peer.head().await.unwrap().unwrap();
        assert_eq!(peer.body(&head.headers).await.unwrap(), "def");
        assert!(peer.head().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_too_long_or_no_http_is_refused() {
        for text in [
            format!("GET /{} HTTP/1.1\r\n", "x".repeat(MAX_HEAD + 1)),
            "GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(),
            format!("POST / HTTP/1.1\r\ncontent-length: {}\r\n\r\n", MAX_BODY + 1),
            "POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n".to_owned(),
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffff0\r\n".to_owned(),
            "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nabc".to_owned(),
        ] {
            let (mut peer, mut near) = pair().await;
            near.write_all(text.as_bytes()).await.unwrap();
            drop(near);
            let refused = match peer.head().await {
                Ok(Some(head)) => peer.body(&head.headers).await.is_err(),
                Ok(None) => false,
                Err(_) => true,
            };
            assert!(refused, "{}", &text[..40.min(text.len())]);
        }
    }
}
