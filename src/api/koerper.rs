//! The body of a request beside the request itself: what of it was read, and what becomes of the rest. What is left unread
//! still stands on the connection before the next request, so it is read away if it is small; else the answer says that
//! the connection ends here.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{Version, header},
};
use futures::future::poll_fn;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;

/// What is read away so that the connection can be used again, bytes.
const DRAIN_BYTES: u64 = 256 * 1024;
/// How long an answer waits for that.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// What is read away after an answer that ends the connection, bytes: closed at once, the kernel would throw away the
/// answer together with what came in. As much as the largest body that is taken.
const LINGER_BYTES: u64 = 64 * 1024 * 1024;
/// How long that takes at most.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Follows the body of one request.
pub(super) struct Koerper {
    zurueck: oneshot::Receiver<Rest>,
    rest: Option<Rest>,
    /// Only there do requests follow one another on a connection.
    http1: bool,
    /// The client sends nothing before it is asked to (RFC 9110 section 10.1.1).
    abwartend: bool,
}

impl Koerper {
    /// Puts itself between a request and whoever reads its body.
    pub(super) fn begleiten(request: Request) -> (Request, Self) {
        let (geben, zurueck) = oneshot::channel();
        let koerper = Self {
            zurueck,
            rest: None,
            http1: matches!(request.version(), Version::HTTP_10 | Version::HTTP_11),
            abwartend: request.headers().contains_key(header::EXPECT),
        };
        let request = request.map(|body| {
            let rest = Rest {
                zu_ende: body.is_end_stream(),
                body,
                begonnen: false,
            };
            Body::new(Leser {
                rest: Some(rest),
                geben: Some(geben),
            })
        });
        (request, koerper)
    }

    /// What the reader left, once he has let go of it.
    fn rest(&mut self) -> Option<&Rest> {
        if self.rest.is_none() {
            self.rest = self.zurueck.try_recv().ok();
        }
        self.rest.as_ref()
    }

    /// True if somebody waited for the body and not all of it came.
    pub(super) fn fehlt(&mut self) -> bool {
        self.rest().is_some_and(|rest| rest.begonnen && !rest.zu_ende)
    }

    /// True if the request was there to the last byte, and read.
    pub(super) fn gelesen(&mut self) -> bool {
        self.rest().is_none_or(|rest| rest.zu_ende)
    }

    /// Reads away what is left, within its bounds; true if the connection can be used again. If not, it goes on reading
    /// in the background for a while, so that the answer arrives.
    pub(super) async fn leeren(mut self) -> bool {
        self.rest();
        let Some(mut rest) = self.rest.take().filter(|rest| self.http1 && !rest.zu_ende) else {
            return true;
        };
        if self.abwartend && !rest.begonnen {
            return false;
        }
        let klein = rest.body.size_hint().lower() <= DRAIN_BYTES;
        if klein && tokio::time::timeout(DRAIN_TIME, rest.lesen(DRAIN_BYTES)).await == Ok(true) {
            return true;
        }
        tokio::spawn(async move { tokio::time::timeout(LINGER_TIME, rest.lesen(LINGER_BYTES)).await });
        false
    }
}

/// A body with how far it was read.
struct Rest {
    body: Body,
    begonnen: bool,
    zu_ende: bool,
}

impl Rest {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.begonnen = true;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.zu_ende = frame.is_none() || self.body.is_end_stream();
        Poll::Ready(frame)
    }

    /// Reads so many bytes at most; true if nothing is left then.
    async fn lesen(&mut self, hoechstens: u64) -> bool {
        let mut offen = hoechstens;
        while !self.zu_ende {
            let Some(Ok(frame)) = poll_fn(|cx| self.poll(cx)).await else {
                break;
            };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            match offen.checked_sub(u64::try_from(bytes).unwrap_or(u64::MAX)) {
                Some(noch) => offen = noch,
                None => return false,
            }
        }
        self.zu_ende
    }
}

/// The body as its reader sees it; gives back the rest when he lets go of it.
struct Leser {
    rest: Option<Rest>,
    geben: Option<oneshot::Sender<Rest>>,
}

impl HttpBody for Leser {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.rest.as_mut().map_or(Poll::Ready(None), |rest| rest.poll(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(|rest| rest.zu_ende)
    }

    fn size_hint(&self) -> SizeHint {
        self.rest
            .as_ref()
            .map_or_else(SizeHint::default, |rest| rest.body.size_hint())
    }
}

impl Drop for Leser {
    fn drop(&mut self) {
        if let (Some(rest), Some(geben)) = (self.rest.take(), self.geben.take()) {
            // Nobody asks any more if the connection is gone.
            let _ = geben.send(rest);
        }
    }
}
