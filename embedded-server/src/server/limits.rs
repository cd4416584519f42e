//! How much a client may ask for and how long it may take: what one connection costs at most.
//!
//! Source: `apiserver/pkg/server/secure_serving.go`, `net/http/server.go`.

use std::time::Duration;

/// How long a TLS handshake may take.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of an HTTP/1.1 request may take to arrive.
pub(super) const HEAD: Duration = Duration::from_secs(32);
/// How long a connection stays open without a request.
pub(super) const IDLE: Duration = Duration::from_secs(90);
/// How long a connection that was told to end may do nothing before it is cut.
pub(super) const LINGER: Duration = Duration::from_secs(2);
/// How often the other end of an HTTP/2 connection is asked whether it is still there.
pub(super) const PING: Duration = Duration::from_secs(30);
/// How long it may take to say so.
pub(super) const PONG: Duration = Duration::from_secs(20);
/// How long the system lets a silent TCP connection be before it asks.
pub(super) const TCP_KEEPALIVE: Duration = Duration::from_secs(180);

/// How large the head of a request may be, in bytes.
pub(super) const HEAD_SIZE: u32 = 1 << 20;
/// How many headers an HTTP/1.1 request may have; the parser makes room for all of them each time.
pub(super) const HEADERS: usize = 1000;
/// How large a frame of HTTP/2 may be, in bytes.
pub(super) const FRAME: u32 = 256 << 10;
/// How much of a body may be under way in a stream, in bytes.
pub(super) const STREAM_WINDOW: u32 = 256 << 10;
/// The same of all streams of a connection together.
pub(super) const CONNECTION_WINDOW: u32 = 4 << 20;
/// How many streams a client may open and reset before they were looked at.
pub(super) const PENDING_RESETS: usize = 20;
/// How many streams the server may have to reset because of what the client did.
pub(super) const CAUSED_RESETS: usize = 1024;
/// How much is read of a client that does not speak TLS, in bytes.
pub(super) const PLAIN: u64 = 64 << 10;
